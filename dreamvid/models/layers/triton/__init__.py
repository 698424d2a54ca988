"""Kernels for NVIDIA GPUs, compiled by Triton.

Each computes in float32, whatever the type of its tensors. `no_type_check` is for the tests: type
checks there would wrap a kernel and hide it from Triton.
"""

import torch
from torch import Tensor

TYPES = torch.float16, torch.bfloat16, torch.float32


def supports(x: Tensor) -> bool:
    return x.device.type == "cuda" and x.dtype in TYPES


def channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
