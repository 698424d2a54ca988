"""The largest of each 3x3 places on an NVIDIA GPU, and the way back: one kernel each.

`pooling.py` has the plain way, `native/pool.py` the same for CPUs. torch keeps an index of eight
bytes for each maximum, four times what a maximum takes in half precision, and adds slopes up by
atomic operations; here one byte is kept, and slopes are gathered.

`no_type_check` is for our tests: what checks types there would hide a kernel from Triton.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, no_type_check

import torch
from torch import Tensor

from dreamvid.models.layers.reference_mode import in_reference_mode
from dreamvid.models.layers.windows import SIDE, maxima

try:
    import triton
    import triton.language as tl
except ImportError:  # there is none for Windows and macOS
    triton = tl = None

TYPES = torch.float16, torch.bfloat16, torch.float32
MOST = 2**31 - 2**16  # numbers that a kernel counts
PLACES, LANES = 32, 64  # of a program; each thread has eight channels of two places

_kernel = (lambda function: function) if triton is None else triton.jit


def takes(x: Tensor) -> bool:
    if triton is None or in_reference_mode() or x.device.type != "cuda" or x.dtype not in TYPES:
        return False
    return min(x.shape[-2:]) >= SIDE and x.numel() < MOST and _is_right(x.device)


@cache
def _is_right(device: torch.device) -> bool:
    """Triton wants a C compiler, and a GPU that is not too old for it."""
    x = torch.arange(2 * 5 * 7, device=device).remainder(11).float().view(1, 2, 5, 7)
    try:
        y, places = forward(x, 2, 0, True)
        back = backward(y, places, x.shape, 2, 0)
        expected, indices = torch.nn.functional.max_pool2d(
            x, SIDE, 2, 0, 1, True, return_indices=True
        )
        like = torch.zeros(1, 2, 35, device=device)
        like.scatter_add_(2, indices.flatten(2), expected.flatten(2))
        return torch.equal(y, expected) and torch.equal(back, like.view_as(x))
    except Exception:  # of many kinds, and the plain way is there
        return False


def forward(
    x: Tensor, stride: int, padding: int, ceil_mode: bool, rectified: bool = False
) -> tuple[Tensor, Tensor]:
    """(N, C, H, W) -> (N, C, rows, columns) of the same type, and where, channels last.

    Args:
        rectified: nothing below 0; what is not above has no slope.
    """
    y = _empty(x, maxima(x.shape, stride, padding, ceil_mode))
    places = torch.empty_like(y, dtype=torch.uint8)
    batch, channels, rows, columns = y.shape
    shapes = *x.shape[2:], rows, columns, channels, stride, padding
    _run(_forward, _last(x), y, places, batch * rows * columns, *shapes, rectified)
    return y, places


def backward(slope: Tensor, places: Tensor, shape: torch.Size, stride: int, padding: int) -> Tensor:
    """The slope at the maxima -> that at an x of this shape, channels last."""
    found = _empty(slope, shape)
    shapes = *shape[2:], *places.shape[2:], shape[1], stride, padding
    _run(_backward, _last(slope), places, found, shape[0] * shape[2] * shape[3], *shapes)
    return found


def _run(kernel, *arguments: Any) -> None:
    with torch.cuda.device_of(arguments[0]):
        _, _, _, count, _, _, _, _, channels, *_ = arguments
        kernel[(-(-count // PLACES), -(-channels // LANES))](*arguments, PLACES, LANES)


def _empty(like: Tensor, shape: Sequence[int]) -> Tensor:
    last = torch.channels_last
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=last)


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


@_kernel
@no_type_check
def _forward(
    x,
    y,
    places,
    count,
    height,
    width,
    rows,
    columns,
    CHANNELS: tl.constexpr,
    STRIDE: tl.constexpr,
    PADDING: tl.constexpr,
    RECTIFIED: tl.constexpr,
    PLACES: tl.constexpr,
    LANES: tl.constexpr,
):
    number, channel, inside = _mine(count, CHANNELS, PLACES, LANES)
    picture, row, column = _where(number, rows, columns)
    top, left = row * STRIDE - PADDING, column * STRIDE - PADDING
    largest = tl.full((PLACES, LANES), float("-inf"), tl.float32)
    place = tl.maximum(-top, 0) * 3 + tl.maximum(-left, 0) + tl.zeros_like(channel)
    for down in tl.static_range(3):
        for across in tl.static_range(3):
            there, seen = _at(picture, top + down, left + across, height, width, inside)
            value = tl.load(x + there * CHANNELS + channel, mask=seen, other=float("-inf"))
            value = value.to(tl.float32)
            # As torch: the first of alike ones, and what is no number.
            wins = (value > largest) | (value != value)
            largest = tl.where(wins, value, largest)
            place = tl.where(wins, down * 3 + across, place)
    if RECTIFIED:
        place = tl.where(largest <= 0, 9, place)
        largest = tl.where(largest <= 0, 0.0, largest)
    tl.store(y + number * CHANNELS + channel, largest, mask=inside)
    tl.store(places + number * CHANNELS + channel, place.to(tl.uint8), mask=inside)


@_kernel
@no_type_check
def _backward(
    slope,
    places,
    found,
    count,
    height,
    width,
    rows,
    columns,
    CHANNELS: tl.constexpr,
    STRIDE: tl.constexpr,
    PADDING: tl.constexpr,
    PLACES: tl.constexpr,
    LANES: tl.constexpr,
):
    number, channel, inside = _mine(count, CHANNELS, PLACES, LANES)
    picture, y, x = _where(number, height, width)
    total = tl.zeros((PLACES, LANES), tl.float32)
    # Of the windows that this place is in: those it is lowest in, middle, and highest in.
    for up in tl.static_range(0, 3, STRIDE):
        row = (y + PADDING) // STRIDE - up // STRIDE
        down = y + PADDING - STRIDE * row
        for before in tl.static_range(0, 3, STRIDE):
            column = (x + PADDING) // STRIDE - before // STRIDE
            across = x + PADDING - STRIDE * column
            there, seen = _at(picture, row, column, rows, columns, inside)
            seen = seen & (down < 3) & (across < 3)
            there = there * CHANNELS + channel
            place = tl.load(places + there, mask=seen, other=9).to(tl.int32)
            mine = seen & (place == down * 3 + across)
            total += tl.load(slope + there, mask=mine, other=0.0).to(tl.float32)
    tl.store(found + number * CHANNELS + channel, total, mask=inside)


@_kernel
@no_type_check
def _mine(count, CHANNELS: tl.constexpr, PLACES: tl.constexpr, LANES: tl.constexpr):
    """This program's places, (PLACES, 1), its channels, (1, LANES), and which of both there are."""
    place = (tl.program_id(0) * PLACES + tl.arange(0, PLACES))[:, None]
    channel = (tl.program_id(1) * LANES + tl.arange(0, LANES))[None, :]
    return place, channel, (place < count) & (channel < CHANNELS)


@_kernel
@no_type_check
def _where(number, rows, columns):
    """A place -> its picture, row and column."""
    return number // (rows * columns), number // columns % rows, number % columns


@_kernel
@no_type_check
def _at(picture, row, column, rows, columns, inside):
    """Which place that is, and whether there is one."""
    seen = inside & (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return (picture * rows + row) * columns + column, seen
