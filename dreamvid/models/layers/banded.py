"""Convolution, ReLU and max pool of stride 2 on a CPU, a band of rows at a time.

The first convolution's output is a network's largest activation, and only a pool reads it; the same
holds for the second normalisation, and for the gradients of both. A band stays in the processor's
cache, and the whole is never in memory. Rows that two bands need are computed twice.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers.activation import NONE, RELU
from dreamvid.models.layers.convolution import Convolution
from dreamvid.models.layers.kernels import choose, optional
from dreamvid.models.layers.lrn import lrn
from dreamvid.models.layers.onednn import OneDnn
from dreamvid.models.layers.pooling import max_pool

numba_lrn = optional("dreamvid.models.layers.numba.lrn")
numba_pool = optional("dreamvid.models.layers.numba.pool")

BAND = 3 * 2**21  # numbers: 25 MB
Rows = tuple[int, int]
"""First row, and last + 1."""


def conv_relu_pool(x: Tensor, conv: Convolution) -> Tensor:
    """Compute max_pool(conv(x), 2, relu=True)."""
    fused = conv.fused(x)
    if isinstance(fused, OneDnn) and _supports(x):
        return _ConvReluPool.apply(x, fused)
    return max_pool(conv(x), 2, relu=True)


def conv_relu_lrn_pool(x: Tensor, conv: Convolution) -> Tensor:
    """Compute max_pool(lrn(conv(x, RELU)), 2)."""
    fused = conv.fused(x)
    if isinstance(fused, OneDnn) and _supports(x):
        return _ConvReluLrnPool.apply(x, fused)
    return max_pool(lrn(conv(x, RELU, linear=True), after_relu=True), 2)


def _supports(x: Tensor) -> bool:
    """Check that x is a single image, whose rows lie together in memory, of some size."""
    return choose([numba_pool], x) is not None and len(x) == 1 and min(x.shape[-2:]) >= 16


class _ConvReluPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: OneDnn) -> Tensor:
        ctx.conv, ctx.shapes = conv, (x.shape, conv.output_shape(x.shape))
        band = lambda rows: _convolve(conv, x, rows)
        y, indices = _pool(ctx.shapes[1], band, x.dtype, relu=True)
        ctx.save_for_backward(indices)
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (grad_output,), (indices,) = grad_outputs, ctx.saved_tensors
        shape, middle = ctx.shapes
        grad_input = _empty(shape, grad_output.dtype)
        band = lambda rows: _pool_backward(grad_output, indices, middle, rows)
        for rows in _bands(shape[2], middle[1] * middle[3] * middle[2] // shape[2]):
            grad_input[:, :, slice(*rows)] = _convolve_backward(ctx.conv, band, shape, rows)
        return grad_input, None


class _ConvReluLrnPool(torch.autograd.Function):
    """Keeps the whole convolution, which the normalisation's backward pass needs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: OneDnn) -> Tensor:
        ctx.conv, ctx.shape = conv, x.shape
        features = conv.forward(x, RELU)
        band = lambda rows: numba_lrn.forward(features[:, :, slice(*rows)])
        y, indices = _pool(features.shape, band, x.dtype)
        ctx.save_for_backward(features, indices)
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (grad_output,), (features, indices) = grad_outputs, ctx.saved_tensors

        def band(rows: Rows) -> Tensor:
            grad = _pool_backward(grad_output, indices, features.shape, rows)
            return numba_lrn.backward(grad, features[:, :, slice(*rows)], True)

        grad_input = _empty(ctx.shape, grad_output.dtype)
        for rows in _bands(ctx.shape[2], features.shape[1] * features.shape[3]):
            grad_input[:, :, slice(*rows)] = _convolve_backward(ctx.conv, band, ctx.shape, rows)
        return grad_input, None


def _bands(height: int, numbers: int) -> Iterator[Rows]:
    """Bands of an even number of rows, except the last, of `numbers` numbers a row."""
    step = max(2, BAND // numbers // 2 * 2)
    return ((first, min(first + step, height)) for first in range(0, height, step))


def _pool(
    shape: torch.Size, band: Callable[[Rows], Tensor], dtype: torch.dtype, relu: bool = False
) -> tuple[Tensor, Tensor]:
    """Max pool of stride 2 of an input whose rows `band` computes; its output and indices."""
    batch, channels, height, width = shape
    size = batch, channels, height // 2, width // 2  # windows of 3; a last one may be of 2
    y, indices = _empty(size, dtype), _empty(size, torch.uint8)
    for first, last in _bands(height - height % 2, channels * width):
        rows = slice(first // 2, last // 2)
        x = band((first, min(last + 1, height)))
        y[:, :, rows], indices[:, :, rows] = numba_pool.forward(x, 2, 0, True, relu)
    return y, indices


def _pool_backward(grad_output: Tensor, indices: Tensor, shape: torch.Size, rows: Rows) -> Tensor:
    """Gradient at some rows of the pool's input, from the windows that hold them."""
    first, last = rows
    windows = slice(max(0, (first - 1) // 2), min(grad_output.shape[2], (last + 1) // 2))
    start = 2 * windows.start
    height = min(2 * (windows.stop - windows.start) + 1, shape[2] - start)
    part = torch.Size((1, shape[1], height, shape[3]))
    grad, where = grad_output[:, :, windows], indices[:, :, windows]
    return numba_pool.backward(grad, where, part, 2, 0)[:, :, first - start : last - start]


def _convolve(conv: OneDnn, x: Tensor, rows: Rows) -> Tensor:
    """Some rows of a convolution's output, from the rows of x that they read."""
    (first, last), stride, padding, side = rows, *_geometry(conv)
    start = max(0, first - -(-padding // stride))  # rows above read the padding
    stop = (last - 1) * stride - padding + side
    y = conv.forward(x[:, :, start * stride : stop], NONE)
    return y[:, :, first - start : last - start]


def _convolve_backward(
    conv: OneDnn, grad_output: Callable[[Rows], Tensor], shape: torch.Size, rows: Rows
) -> Tensor:
    """Gradient at some rows of x, from the output rows that read them."""
    (first, last), stride, padding, side = rows, *_geometry(conv)
    outputs = conv.output_shape(shape)[2]
    start = max(0, -(-(first - side + 1 + padding) // stride))
    stop = min(outputs, (last - 1 + padding) // stride + 1)
    height = (stop - start) * stride - 1 + side - 2 * padding  # some may be below x
    part = torch.Size((1, shape[1], height, shape[3]))
    grad_input = conv.backward(grad_output((start, stop)), part)
    return grad_input[:, :, first - start * stride : last - start * stride]


def _geometry(conv: OneDnn) -> tuple[int, int, int]:
    """Stride, padding and kernel size along the rows."""
    return conv.stride[0], conv.padding[0], conv.weight.shape[2]


def _empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    return torch.empty(shape, dtype=dtype, memory_format=torch.channels_last)
