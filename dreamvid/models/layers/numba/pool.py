"""3x3 max pooling on a CPU, channels last; `pooling.py` has the reference.

Of each maximum its index in the window is kept, 0 to 8, in reading order. The backward pass gathers
every gradient from the windows that hold it, so no two threads write to one position.
"""

from typing import no_type_check

import numpy as np
import torch
from torch import Tensor

from dreamvid.models.layers import numba as base
from dreamvid.models.layers import windows
from dreamvid.models.layers.numba import (
    Kernel,
    channels_last,
    floats,
    inline,
    job_at,
    next_chunk,
    octets,
)

SIDE, NOWHERE = windows.SIDE, np.uint8(windows.NOWHERE)
ZERO, LOWEST = np.float32(0), np.float32(-np.inf)

SIZES = "batch", "channels", "height", "width", "rows", "columns", "stride", "padding"


def supports(x: Tensor) -> bool:
    return base.supports(x) and min(x.shape[-2:]) >= SIDE


def forward(
    x: Tensor, stride: int, padding: int, ceil_mode: bool, relu: bool = False
) -> tuple[Tensor, Tensor]:
    """Pool (N, C, H, W); returns the maxima and their uint8 indices, both channels last.

    Args:
        relu: apply a ReLU to the maxima; those it zeroes pass no gradient.
    """
    shape = windows.output_shape(x.shape, stride, padding, ceil_mode)
    y = torch.empty(shape, memory_format=torch.channels_last)
    indices = torch.empty(shape, dtype=torch.uint8, memory_format=torch.channels_last)
    sizes = _sizes(x.shape, indices.shape, stride, padding)
    _forward(x=channels_last(x), y=y, indices=indices, relu=relu, **sizes)
    return y.to(x.dtype), indices


def backward(
    grad_output: Tensor, indices: Tensor, shape: torch.Size, stride: int, padding: int
) -> Tensor:
    """Gradient at an input of the given shape, channels last."""
    grad_input = torch.empty(shape, memory_format=torch.channels_last)
    sizes = _sizes(shape, indices.shape, stride, padding)
    grad_output_last = channels_last(grad_output)
    _backward(grad_output=grad_output_last, grad_input=grad_input, indices=indices, **sizes)
    return grad_input.to(grad_output.dtype)


def _sizes(x: torch.Size, y: torch.Size, stride: int, padding: int) -> dict[str, int]:
    return dict(zip(SIZES, (*x, *y[2:], stride, padding), strict=True))


@inline
@no_type_check
def _update(x, source, y, indices, target, channels, index, count):
    """Compare the maxima so far with `count` positions in a row."""
    for channel in range(channels):
        largest, where = y[target + channel], indices[target + channel]
        for across in range(count):
            value = x[source + across * channels + channel]
            wins = (value > largest) | (value != value)  # as in torch: NaN wins
            largest = value if wins else largest
            where = np.uint8(index + across) if wins else where
        y[target + channel], indices[target + channel] = largest, where


@inline
@no_type_check
def _relu(y, indices, target, channels):
    for channel in range(channels):
        blocked = y[target + channel] <= ZERO
        y[target + channel] = ZERO if blocked else y[target + channel]
        indices[target + channel] = NOWHERE if blocked else indices[target + channel]


@no_type_check
def _forward_body(pointer):
    """A chunk is a row of maxima."""
    job = job_at(pointer)
    x, y, indices = floats(job.x), floats(job.y), octets(job.indices)
    channels = job.channels
    chunk = next_chunk(pointer)
    while chunk < job.batch * job.rows:
        image, row = divmod(chunk, job.rows)
        top = row * job.stride - job.padding
        for column in range(job.columns):
            left = column * job.stride - job.padding
            target = (chunk * job.columns + column) * channels
            above, before = max(0, -top), max(0, -left)
            for channel in range(channels):
                y[target + channel] = LOWEST
                indices[target + channel] = np.uint8(SIDE * above + before)
            count = min(SIDE, job.width - left) - before
            for down in range(above, min(SIDE, job.height - top)):
                line = (image * job.height + top + down) * job.width + left + before
                source, index = line * channels, SIDE * down + before
                # Either 3 or, at a border, 2; as constants they let the compiler unroll loops.
                if count == 3:
                    _update(x, source, y, indices, target, channels, index, 3)
                else:
                    _update(x, source, y, indices, target, channels, index, 2)
            if job.relu:
                _relu(y, indices, target, channels)
        chunk = next_chunk(pointer)


@inline
@no_type_check
def _gather(grad, source, indices, result, target, channels, index, stride, count):
    """Add from `count` windows in a row; in each the pixel is `stride` further to the left."""
    for channel in range(channels):
        total = result[target + channel]
        for window in range(count):
            at = source + window * channels + channel
            total += grad[at] if indices[at] == np.uint8(index - stride * window) else ZERO
        result[target + channel] = total


@no_type_check
def _backward_body(pointer):
    """A chunk is a row of the input."""
    job = job_at(pointer)
    grad, result, indices = floats(job.grad_output), floats(job.grad_input), octets(job.indices)
    channels, stride = job.channels, job.stride
    chunk = next_chunk(pointer)
    while chunk < job.batch * job.height:
        image, y = divmod(chunk, job.height)
        for x in range(job.width):
            target = (chunk * job.width + x) * channels
            for channel in range(channels):
                result[target + channel] = ZERO
            # Window `row` has this pixel at `down` = y + padding - stride * row.
            first, last = _windows(x + job.padding, stride, job.columns)
            across = x + job.padding - stride * first
            for row in range(*_windows(y + job.padding, stride, job.rows)):
                index = SIDE * (y + job.padding - stride * row) + across
                source = ((image * job.rows + row) * job.columns + first) * channels
                if last - first == 3:
                    _gather(grad, source, indices, result, target, channels, index, stride, 3)
                elif last - first == 2:
                    _gather(grad, source, indices, result, target, channels, index, stride, 2)
                else:
                    _gather(grad, source, indices, result, target, channels, index, stride, 1)
        chunk = next_chunk(pointer)


@inline
@no_type_check
def _windows(at, stride, count):
    """First and last + 1 of the windows that hold a padded coordinate."""
    return max(0, (at - SIDE) // stride + 1), min(count, at // stride + 1)


_forward = Kernel(_forward_body, "x", "y", "indices", "relu", *SIZES)
_backward = Kernel(_backward_body, "grad_output", "grad_input", "indices", *SIZES)
