"""On a CPU, what a pool halves: made a band of rows at a time, and never there as a whole.

The first convolution's result is a network's largest activation, and nothing but a pool reads it;
the same holds for the second normalisation, and for the slopes of both. A band stays in the
processor's cache. Rows that two bands need are found twice.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers import lrn as normalise
from dreamvid.models.layers import pooling
from dreamvid.models.layers.activation import NONE, RELU
from dreamvid.models.layers.convolution import Convolution
from dreamvid.models.layers.onednn import OneDnn

BAND = 3 * 2**21  # numbers: 25 MB
Rows = tuple[int, int]
"""From, to."""


def convolve_and_halve(x: Tensor, conv: Convolution) -> Tensor:
    """As `halve(conv(x), rectified=True)`."""
    kernel = conv.kernel(x)
    if isinstance(kernel, OneDnn) and _can(x):
        return _ConvolveAndHalve.apply(x, kernel)
    return pooling.halve(conv(x), rectified=True)


def convolve_normalise_and_halve(x: Tensor, conv: Convolution) -> Tensor:
    """As `halve(lrn(conv(x, RELU)))`."""
    kernel = conv.kernel(x)
    if isinstance(kernel, OneDnn) and _can(x):
        return _ConvolveNormaliseAndHalve.apply(x, kernel)
    return pooling.halve(normalise.lrn(conv(x, RELU, bare=True), rectified=True))


def _can(x: Tensor) -> bool:
    """One picture, so that its rows lie together in memory; of some size."""
    known = pooling.native is not None and normalise.native is not None
    return known and len(x) == 1 and min(x.shape[-2:]) >= 16 and pooling.native.takes(x)


class _ConvolveAndHalve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: OneDnn) -> Tensor:
        ctx.kernel, ctx.sizes = kernel, (x.shape, kernel.shape(x.shape))
        made = lambda rows: _convolved(kernel, x, rows)
        y, places = _halved(ctx.sizes[1], made, x.dtype, rectified=True)
        ctx.save_for_backward(places)
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (slope,), (places,), (shape, made) = grad_outputs, ctx.saved_tensors, ctx.sizes
        found = _empty(shape, slope.dtype)
        before = lambda rows: _before_pool(slope, places, made, rows)
        for rows in _bands(shape[2], made[1] * made[3] * made[2] // shape[2]):
            found[:, :, slice(*rows)] = _before_convolution(ctx.kernel, before, shape, rows)
        return found, None


class _ConvolveNormaliseAndHalve(torch.autograd.Function):
    """The convolution is kept as a whole, which the way back of a normalisation needs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: OneDnn) -> Tensor:
        ctx.kernel, ctx.shape = kernel, x.shape
        seen = kernel.forward(x, RELU)
        made = lambda rows: normalise.native.forward(seen[:, :, slice(*rows)])
        y, places = _halved(seen.shape, made, x.dtype)
        ctx.save_for_backward(seen, places)
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (slope,), (seen, places) = grad_outputs, ctx.saved_tensors

        def before(rows: Rows) -> Tensor:
            asked = _before_pool(slope, places, seen.shape, rows)
            return normalise.native.backward(asked, seen[:, :, slice(*rows)], True)

        found = _empty(ctx.shape, slope.dtype)
        for rows in _bands(ctx.shape[2], seen.shape[1] * seen.shape[3]):
            found[:, :, slice(*rows)] = _before_convolution(ctx.kernel, before, ctx.shape, rows)
        return found, None


def _bands(height: int, numbers: int) -> Iterator[Rows]:
    """Even numbers of rows, but for the last.

    Args:
        numbers: in a row.
    """
    step = max(2, BAND // numbers // 2 * 2)
    return ((first, min(first + step, height)) for first in range(0, height, step))


def _halved(
    shape: torch.Size, made: Callable[[Rows], Tensor], dtype: torch.dtype, rectified: bool = False
) -> tuple[Tensor, Tensor]:
    """What `halve` makes of something of a shape, and where each largest was."""
    batch, channels, height, width = shape
    size = batch, channels, height // 2, width // 2  # of windows of 3, a last one may be of 2
    y, places = _empty(size, dtype), _empty(size, torch.uint8)
    for first, last in _bands(height - height % 2, channels * width):
        here = slice(first // 2, last // 2)
        band = made((first, min(last + 1, height)))
        y[:, :, here], places[:, :, here] = pooling.native.forward(band, 2, 0, True, rectified)
    return y, places


def _before_pool(slope: Tensor, places: Tensor, shape: torch.Size, rows: Rows) -> Tensor:
    """The slope at some rows of what was halved, by the windows that they are in."""
    first, last = rows
    windows = slice(max(0, (first - 1) // 2), min(slope.shape[2], (last + 1) // 2))
    start = 2 * windows.start
    height = min(2 * (windows.stop - windows.start) + 1, shape[2] - start)
    part = torch.Size((1, shape[1], height, shape[3]))
    found = pooling.native.backward(slope[:, :, windows], places[:, :, windows], part, 2, 0)
    return found[:, :, first - start : last - start]


def _convolved(kernel: OneDnn, x: Tensor, rows: Rows) -> Tensor:
    """Some rows of a convolution, by the rows that they see."""
    (first, last), stride, padding, side = rows, *_line(kernel)
    start = max(0, first - -(-padding // stride))  # where none sees above what is there
    stop = (last - 1) * stride - padding + side
    found = kernel.forward(x[:, :, start * stride : stop], NONE)
    return found[:, :, first - start : last - start]


def _before_convolution(
    kernel: OneDnn, slope: Callable[[Rows], Tensor], shape: torch.Size, rows: Rows
) -> Tensor:
    """The slope at some rows of x, by the results that saw them."""
    (first, last), stride, padding, side = rows, *_line(kernel)
    results = kernel.shape(shape)[2]
    start = max(0, -(-(first - side + 1 + padding) // stride))
    stop = min(results, (last - 1 + padding) // stride + 1)
    height = (stop - start) * stride - 1 + side - 2 * padding  # some may be below x
    part = torch.Size((1, shape[1], height, shape[3]))
    found = kernel.backward(slope((start, stop)), part)
    return found[:, :, first - start * stride : last - start * stride]


def _line(kernel: OneDnn) -> tuple[int, int, int]:
    return kernel.stride[0], kernel.padding[0], kernel.weight.shape[2]


def _empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    return torch.empty(shape, dtype=dtype, memory_format=torch.channels_last)
