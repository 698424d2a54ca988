"""All that a render imports, in one thread: what the processes of `life` are forked from."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import torch

torch.set_num_threads(1)
