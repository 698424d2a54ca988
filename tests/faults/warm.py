"""All that a render imports, in one thread: what the processes of `life` are forked from."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import torch

import dreamvid.cli.render
import dreamvid.device
import dreamvid.render
import dreamvid.resolve
import dreamvid.watching.observer
import dreamvid.watching.terminal  # noqa: F401 - they are what is wanted

torch.set_num_threads(1)
