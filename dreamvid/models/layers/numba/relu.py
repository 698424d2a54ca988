"""A byte mask of where a ReLU passed, kept for its backward pass.

A convolution with fixed weights needs nothing of its input in the backward pass, and a ReLU only
where it passed: a quarter of the memory that the activation takes, and less to read.
"""

from typing import no_type_check

import numpy as np
import torch
from torch import Tensor

from dreamvid.models.layers import numba as base
from dreamvid.models.layers.numba import Kernel, channels_last, floats, job_at, next_chunk, octets

POSITIONS, NUMBERS = 64, 2**14  # in a chunk
ZERO = np.float32(0)

supports = base.supports


def mask(y: Tensor, limit: float) -> Tensor:
    """Mark where 0 < y < limit, or y is NaN, in a uint8 tensor, channels last.

    Args:
        y: (N, C, H, W), output of the ReLU.
        limit: largest output; infinity, which itself passes, for none.
    """
    passed = torch.empty(y.shape, dtype=torch.uint8, memory_format=torch.channels_last)
    _mask(y=channels_last(y), passed=passed, limit=limit, count=y.numel())
    return passed


def backward(grad_output: Tensor, passed: Tensor, first: int, channels: int) -> Tensor:
    """Gradient before the ReLU, for `channels` of its output from `first` on."""
    batch, out_channels, height, width = grad_output.shape
    shape = torch.Size((batch, channels, height, width))
    grad_input = torch.empty(shape, memory_format=torch.channels_last)
    _backward(
        grad_output=channels_last(grad_output),
        passed=passed,
        grad_input=grad_input,
        positions=batch * height * width,
        channels=channels,
        first=first,
        out_channels=out_channels,
    )
    return grad_input.to(grad_output.dtype)


@no_type_check
def _mask_body(pointer):
    job = job_at(pointer)
    y, passed, limit = floats(job.y), octets(job.passed), np.float32(job.limit)
    limited = job.limit < np.inf
    chunk = next_chunk(pointer)
    while chunk * NUMBERS < job.count:
        for number in range(chunk * NUMBERS, min((chunk + 1) * NUMBERS, job.count)):
            blocked = (y[number] <= ZERO) | (limited & (y[number] >= limit))
            passed[number] = not blocked
        chunk = next_chunk(pointer)


@no_type_check
def _backward_body(pointer):
    job = job_at(pointer)
    grad_output, passed = floats(job.grad_output), octets(job.passed)
    grad_input = floats(job.grad_input)
    chunk = next_chunk(pointer)
    while chunk * POSITIONS < job.positions:
        for position in range(chunk * POSITIONS, min((chunk + 1) * POSITIONS, job.positions)):
            target, source = position * job.channels, position * job.out_channels + job.first
            for channel in range(job.channels):
                grad = grad_output[source + channel]
                grad_input[target + channel] = grad if passed[source + channel] else ZERO
        chunk = next_chunk(pointer)


_mask = Kernel(_mask_body, "y", "passed", "count", limit=np.float64)
_backward = Kernel(
    _backward_body,
    *("grad_output", "passed", "grad_input", "positions", "channels", "first", "out_channels"),
)
