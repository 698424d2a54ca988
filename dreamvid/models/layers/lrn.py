"""Local response normalisation inside a network, in the fastest way there is for what it is given.

torch's `local_response_norm` gives the same values through a 3-D average pool and `pow`, at
several times the cost.
"""

from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers import lrn_plain as plain
from dreamvid.models.layers import lrn_triton

try:
    from dreamvid.models.layers.numba import lrn as native
except ImportError:  # numba waits for each new NumPy and Python
    native = None

FAST = [way for way in (native, lrn_triton) if way is not None]


def lrn(x: Tensor, *, rectified: bool = False) -> Tensor:
    """(N, C, H, W) -> the same shape.

    Args:
        rectified: x comes out of a ReLU, whose own way back is taken here, in passing.
    """
    return _Lrn.apply(x, rectified)


class _Lrn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rectified: bool) -> Tensor:
        ctx.save_for_backward(x)
        ctx.rectified = rectified
        way = next((fast for fast in FAST if fast.takes(x)), plain)
        ctx.back = way.backward
        return way.forward(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (slope,), (x,) = grad_outputs, ctx.saved_tensors
        return ctx.back(slope, x, ctx.rectified), None
