"""Max pooling that keeps for its way back where each maximum was, and nothing else."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.models.layers import pool_triton
from dreamvid.models.layers.reference_mode import in_reference_mode
from dreamvid.models.layers.windows import SIDE

try:
    from dreamvid.models.layers.numba import pool as native
except ImportError:  # numba waits for each new NumPy and Python
    native = None

FAST = [way for way in (native, pool_triton) if way is not None]
MANY = 2**22  # indices, from which on half their memory is worth two passes over them

aten = torch.ops.aten


def halve(x: Tensor, *, rectified: bool = False) -> Tensor:
    """(N, C, H, W) -> the largest of each 3x3, every second one, as Caffe rounds: up.

    Args:
        rectified: a ReLU follows. The largest of all is alike before and after one, which then
            has a quarter to do.
    """
    if (way := _fast(x)) is not None:
        return _FastPool.apply(way, x, (2, 0), True, rectified)
    y = _pool(x, 2, 0, True)
    return F.relu(y) if rectified else y


def stay(x: Tensor) -> Tensor:
    """(N, C, H, W) -> the largest of each 3x3, of the same shape."""
    if (way := _fast(x)) is not None:
        return _FastPool.apply(way, x, (1, 1), False, False)
    return _pool(x, 1, 1, False)


def _pool(x: Tensor, stride: int, padding: int, ceil_mode: bool) -> Tensor:
    if in_reference_mode():
        return F.max_pool2d(x, SIDE, stride, padding, 1, ceil_mode)
    return _MaxPool.apply(x, stride, padding, ceil_mode)


def _fast(x: Tensor) -> Any:
    return next((way for way in FAST if way.takes(x)), None)


class _FastPool(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, way: Any, x: Tensor, window: tuple[int, int], ceil_mode: bool, rectified: bool
    ) -> Tensor:
        y, places = way.forward(x, *window, ceil_mode, rectified)
        ctx.save_for_backward(places)
        ctx.back, ctx.shape, ctx.window = way.backward, x.shape, window
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (places,) = grad_outputs, ctx.saved_tensors
        return None, ctx.back(slope, places, ctx.shape, *ctx.window), None, None, None


class _MaxPool(torch.autograd.Function):
    """torch's own keeps its input and indices of 8 bytes: three times the memory of the result."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, stride: int, padding: int, ceil_mode: bool) -> Tensor:
        window = ([SIDE, SIDE], [stride, stride], [padding, padding], [1, 1], ceil_mode)
        y, places = aten.max_pool2d_with_indices.default(x, *window)
        short = y.numel() > MANY and x.shape[-2] * x.shape[-1] < 2**31
        ctx.save_for_backward(places.to(torch.int32) if short else places)
        ctx.window, ctx.shape = window, x.shape
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,), (places,) = grad_outputs, ctx.saved_tensors
        layout = torch.channels_last
        # Only the input's shape is looked at; its memory is never touched.
        like = torch.empty(ctx.shape, dtype=slope.dtype, device=slope.device, memory_format=layout)
        back = aten.max_pool2d_with_indices_backward.default
        found = back(slope, like, *ctx.window, places.to(torch.int64))
        return found, None, None, None
