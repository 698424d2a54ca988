"""Local response normalisation on a CPU: one position after the other, in one pass.

`lrn_reference.py` has the formulas, in plain torch. A dozen operations over a whole activation
wait for memory a dozen times; here all that is computed of a position stays in the processor's
cache.
"""

from typing import no_type_check

import numpy as np
import torch
from torch import Tensor

from dreamvid.models.layers import numba as base
from dreamvid.models.layers.lrn_reference import ALPHA, SIZE
from dreamvid.models.layers.numba import Kernel, channels_last, floats, inline, job_at, next_chunk

ENDS = SIZE // 2
POSITIONS = 64  # in a chunk

ONE = np.float32(1)
WEIGHT = np.float32(ALPHA / SIZE)
PULL = np.float32(-2 * 0.75 * ALPHA / SIZE)

supports = base.supports


def forward(x: Tensor) -> Tensor:
    """Normalise (N, C, H, W); the output is channels last."""
    single = channels_last(x)
    y = torch.empty_like(single)
    _forward(x=single, y=y, channels=x.shape[1], positions=x.numel() // x.shape[1])
    return y.to(x.dtype)


def backward(grad_output: Tensor, x: Tensor, after_relu: bool = False) -> Tensor:
    """Gradient at x, channels last; `after_relu` includes that of a ReLU whose output x is."""
    single = channels_last(x)
    grad_input = torch.empty_like(single)
    _backward(
        x=single,
        grad_output=channels_last(grad_output),
        grad_input=grad_input,
        after_relu=after_relu,
        channels=x.shape[1],
        positions=x.numel() // x.shape[1],
    )
    return grad_input.to(x.dtype)


@inline
@no_type_check
def _over_neighbours(values, channel):
    """Sum of the channels around one, in an array padded by ENDS zeros."""
    total = values[channel]
    for other in range(1, SIZE):
        total += values[channel + other]
    return total


@no_type_check
def _forward_body(pointer):
    job = job_at(pointer)
    x, y = floats(job.x), floats(job.y)
    channels = job.channels
    squares = np.zeros(channels + 2 * ENDS, np.float32)
    chunk = next_chunk(pointer)
    while chunk * POSITIONS < job.positions:
        for position in range(chunk * POSITIONS, min((chunk + 1) * POSITIONS, job.positions)):
            here = position * channels
            for channel in range(channels):
                squares[channel + ENDS] = x[here + channel] * x[here + channel]
            for channel in range(channels):
                scale = ONE + WEIGHT * _over_neighbours(squares, channel)
                y[here + channel] = x[here + channel] / np.sqrt(scale * np.sqrt(scale))
        chunk = next_chunk(pointer)


@no_type_check
def _backward_body(pointer):
    job = job_at(pointer)
    x, grad_output, grad_input = floats(job.x), floats(job.grad_output), floats(job.grad_input)
    channels = job.channels
    squares = np.zeros(channels + 2 * ENDS, np.float32)
    pulls = np.zeros(channels + 2 * ENDS, np.float32)
    chunk = next_chunk(pointer)
    while chunk * POSITIONS < job.positions:
        for position in range(chunk * POSITIONS, min((chunk + 1) * POSITIONS, job.positions)):
            here = position * channels
            for channel in range(channels):
                squares[channel + ENDS] = x[here + channel] * x[here + channel]
            for channel in range(channels):
                scale = ONE + WEIGHT * _over_neighbours(squares, channel)
                direct = grad_output[here + channel] / np.sqrt(scale * np.sqrt(scale))
                grad_input[here + channel] = direct
                pulls[channel + ENDS] = direct * x[here + channel] / scale
            for channel in range(channels):
                pulled = PULL * x[here + channel] * _over_neighbours(pulls, channel)
                total = grad_input[here + channel] + pulled
                blocked = job.after_relu and x[here + channel] <= 0
                grad_input[here + channel] = 0 if blocked else total
        chunk = next_chunk(pointer)


_forward = Kernel(_forward_body, "x", "y", "channels", "positions")
_backward = Kernel(
    _backward_body, "x", "grad_output", "grad_input", "after_relu", "channels", "positions"
)
