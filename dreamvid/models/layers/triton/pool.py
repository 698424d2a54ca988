"""3x3 max pooling on an NVIDIA GPU: one kernel forward and one backward.

`pooling.py` has the reference, `numba/pool.py` the same for CPUs. torch keeps an index of eight
bytes for each maximum, four times what a maximum takes in half precision, and adds gradients up by
atomic operations; here one byte is kept, and gradients are gathered.
"""

from typing import Any, no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

from dreamvid.models.layers import triton as base
from dreamvid.models.layers.kernels import empty, self_check
from dreamvid.models.layers.triton import channels_last
from dreamvid.models.layers.windows import SIDE, output_shape

MAX_NUMBERS = 2**31 - 2**16  # that a kernel counts
POSITIONS, LANES = 32, 64  # of a program; each thread has eight channels of two positions


def supports(x: Tensor) -> bool:
    fits = min(x.shape[-2:]) >= SIDE and x.numel() < MAX_NUMBERS
    return base.supports(x) and fits and works(x.device)


@self_check("triton max_pool")
def works(device: torch.device) -> bool:
    """Compare both kernels with torch on a few numbers, ties among them."""
    x = torch.arange(2 * 5 * 7, device=device).remainder(11).float().view(1, 2, 5, 7)
    y, indices = forward(x, 2, 0, True)
    grad = backward(y, indices, x.shape, 2, 0)
    expected, where = torch.nn.functional.max_pool2d(x, SIDE, 2, 0, 1, True, return_indices=True)
    expected_grad = torch.zeros(1, 2, 35, device=device)
    expected_grad.scatter_add_(2, where.flatten(2), expected.flatten(2))
    return torch.equal(y, expected) and torch.equal(grad, expected_grad.view_as(x))


def forward(
    x: Tensor, stride: int, padding: int, ceil_mode: bool, relu: bool = False
) -> tuple[Tensor, Tensor]:
    """Pool (N, C, H, W); returns the maxima and their uint8 indices, both channels last.

    Args:
        relu: apply a ReLU to the maxima; those it zeroes pass no gradient.
    """
    y = empty(output_shape(x.shape, stride, padding, ceil_mode), x)
    indices = torch.empty_like(y, dtype=torch.uint8)
    batch, channels, rows, columns = y.shape
    sizes = *x.shape[2:], rows, columns, channels, stride, padding
    _run(_forward, channels_last(x), y, indices, batch * rows * columns, *sizes, relu)
    return y, indices


def backward(
    grad_output: Tensor, indices: Tensor, shape: torch.Size, stride: int, padding: int
) -> Tensor:
    """Gradient at an input of the given shape, channels last."""
    grad_input = empty(shape, grad_output)
    count = shape[0] * shape[2] * shape[3]
    sizes = *shape[2:], *indices.shape[2:], shape[1], stride, padding
    _run(_backward, channels_last(grad_output), indices, grad_input, count, *sizes)
    return grad_input


def _run(kernel, *arguments: Any) -> None:
    with torch.cuda.device_of(arguments[0]):
        _, _, _, count, _, _, _, _, channels, *_ = arguments
        programs = -(-count // POSITIONS), -(-channels // LANES)
        kernel[programs](*arguments, POSITIONS, LANES)


@triton.jit
@no_type_check
def _forward(
    x,
    y,
    indices,
    count,
    height,
    width,
    rows,
    columns,
    CHANNELS: tl.constexpr,
    STRIDE: tl.constexpr,
    PADDING: tl.constexpr,
    RELU: tl.constexpr,
    POSITIONS: tl.constexpr,
    LANES: tl.constexpr,
):
    position, channel, inside = _block(count, CHANNELS, POSITIONS, LANES)
    image, row, column = _coordinates(position, rows, columns)
    top, left = row * STRIDE - PADDING, column * STRIDE - PADDING
    largest = tl.full((POSITIONS, LANES), float("-inf"), tl.float32)
    index = tl.maximum(-top, 0) * 3 + tl.maximum(-left, 0) + tl.zeros_like(channel)
    for down in tl.static_range(3):
        for across in tl.static_range(3):
            source, valid = _position(image, top + down, left + across, height, width, inside)
            value = tl.load(x + source * CHANNELS + channel, mask=valid, other=float("-inf"))
            value = value.to(tl.float32)
            # As torch: the first of equal values wins, and NaN.
            wins = (value > largest) | (value != value)
            largest = tl.where(wins, value, largest)
            index = tl.where(wins, down * 3 + across, index)
    if RELU:
        index = tl.where(largest <= 0, 9, index)
        largest = tl.where(largest <= 0, 0.0, largest)
    tl.store(y + position * CHANNELS + channel, largest, mask=inside)
    tl.store(indices + position * CHANNELS + channel, index.to(tl.uint8), mask=inside)


@triton.jit
@no_type_check
def _backward(
    grad_output,
    indices,
    grad_input,
    count,
    height,
    width,
    rows,
    columns,
    CHANNELS: tl.constexpr,
    STRIDE: tl.constexpr,
    PADDING: tl.constexpr,
    POSITIONS: tl.constexpr,
    LANES: tl.constexpr,
):
    position, channel, inside = _block(count, CHANNELS, POSITIONS, LANES)
    image, y, x = _coordinates(position, height, width)
    total = tl.zeros((POSITIONS, LANES), tl.float32)
    # Windows that contain this pixel: with it in their last, middle and first row and column.
    for up in tl.static_range(0, 3, STRIDE):
        row = (y + PADDING) // STRIDE - up // STRIDE
        down = y + PADDING - STRIDE * row
        for before in tl.static_range(0, 3, STRIDE):
            column = (x + PADDING) // STRIDE - before // STRIDE
            across = x + PADDING - STRIDE * column
            window, valid = _position(image, row, column, rows, columns, inside)
            valid = valid & (down < 3) & (across < 3)
            source = window * CHANNELS + channel
            index = tl.load(indices + source, mask=valid, other=9).to(tl.int32)
            chosen = valid & (index == down * 3 + across)
            total += tl.load(grad_output + source, mask=chosen, other=0.0).to(tl.float32)
    tl.store(grad_input + position * CHANNELS + channel, total, mask=inside)


@triton.jit
@no_type_check
def _block(count, CHANNELS: tl.constexpr, POSITIONS: tl.constexpr, LANES: tl.constexpr):
    """This program's positions (POSITIONS, 1), channels (1, LANES), and a mask of valid pairs."""
    position = (tl.program_id(0) * POSITIONS + tl.arange(0, POSITIONS))[:, None]
    channel = (tl.program_id(1) * LANES + tl.arange(0, LANES))[None, :]
    return position, channel, (position < count) & (channel < CHANNELS)


@triton.jit
@no_type_check
def _coordinates(position, rows, columns):
    """A position's image, row and column."""
    return position // (rows * columns), position // columns % rows, position % columns


@triton.jit
@no_type_check
def _position(image, row, column, rows, columns, inside):
    """Position of a row and column, and whether it exists."""
    valid = inside & (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return (image * rows + row) * columns + column, valid
