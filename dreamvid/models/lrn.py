"""Local response normalisation across channels, as Caffe runs it, with its own gradient.

y = x / s^0.75,  s = 1 + alpha/size * (sum of x^2 over `size` neighbouring channels).
torch's `local_response_norm` gives the same values through a 3-D average pool and `pow`,
at several times the cost; the test holds this against it.
"""

from typing import Any

import torch
from torch import Tensor

SIZE, ALPHA = 5, 1e-4  # BVLC GoogLeNet's; beta = 0.75 is built into `_power`


def lrn(x: Tensor) -> Tensor:
    """(1, C, H, W) -> the same shape."""
    return _Lrn.apply(x)


def _over_neighbours(values: Tensor) -> Tensor:
    """Sum over the SIZE channels around each, fewer at the ends."""
    total = values.clone()
    for distance in range(1, SIZE // 2 + 1):
        total[:, distance:] += values[:, :-distance]
        total[:, :-distance] += values[:, distance:]
    return total


def _power(scale: Tensor) -> Tensor:
    """scale ** -0.75 by square roots, which vectorise where `pow` does not."""
    root = scale.rsqrt()  # -0.5
    return root * root.sqrt()  # -0.5 - 0.25


class _Lrn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        scale = _over_neighbours(x * x).mul_(ALPHA / SIZE).add_(1)
        y = x * _power(scale)
        ctx.save_for_backward(x, scale, y)
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (grad,) = grad_outputs
        x, scale, y = ctx.saved_tensors
        pulled = _over_neighbours(grad * y / scale)
        return grad * _power(scale) - (2 * 0.75 * ALPHA / SIZE) * x * pulled
