"""Local response normalisation across channels, as Caffe runs it, with its own gradient.

y = x / s^0.75,  s = 1 + alpha/size * (sum of x^2 over `size` neighbouring channels).

torch's `local_response_norm` gives the same values through a 3-D average pool and `pow`, at
several times the cost; the test holds this against it. `lrn_slabs.py` is this for CPUs,
`lrn_triton.py` for NVIDIA's GPUs.
"""

from typing import Any

import torch
from torch import Tensor

from dreamvid.models import lrn_slabs, lrn_triton
from dreamvid.models.lrn_slabs import ALPHA, SIZE

FAST = lrn_slabs, lrn_triton


def lrn(x: Tensor, *, rectified: bool = False) -> Tensor:
    """(N, C, H, W) -> the same shape.

    Args:
        rectified: x comes out of a ReLU, whose own way back is taken here, in passing.
    """
    return _Lrn.apply(x, rectified)


def forward(x: Tensor) -> Tensor:
    """y, computed in single precision at least: half has no room for squares."""
    seen = _single(x)
    return (seen * _power(_scale(seen))).to(x.dtype)


def backward(slope: Tensor, x: Tensor, rectified: bool = False) -> Tensor:
    """The slope at y -> that at x; the scale is cheaper to find again than to keep."""
    seen = _single(x)
    scale = _scale(seen)
    direct = _single(slope) * _power(scale)
    pulled = _over_neighbours(direct * seen / scale)
    found = (direct - (2 * 0.75 * ALPHA / SIZE) * seen * pulled).to(x.dtype)
    return found * (x > 0) if rectified else found


def _single(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _scale(x: Tensor) -> Tensor:
    return _over_neighbours(x * x).mul_(ALPHA / SIZE).add_(1)


def _over_neighbours(values: Tensor) -> Tensor:
    """Sum over the SIZE channels around each, fewer at the ends."""
    total = values.clone()
    for distance in range(1, SIZE // 2 + 1):
        total[:, distance:] += values[:, :-distance]
        total[:, :-distance] += values[:, distance:]
    return total


def _power(scale: Tensor) -> Tensor:
    """scale ** -0.75 by square roots, which vectorise where `pow` does not."""
    return (scale * scale.sqrt()).rsqrt()


class _Lrn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rectified: bool) -> Tensor:
        ctx.save_for_backward(x)
        ctx.rectified = rectified
        ways = ((fast.forward, fast.backward) for fast in FAST if fast.takes(x))
        there, ctx.back = next(ways, (forward, backward))
        return there(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (slope,), (x,) = grad_outputs, ctx.saved_tensors
        return ctx.back(slope, x, ctx.rectified), None
