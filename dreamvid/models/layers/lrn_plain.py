"""Local response normalisation across channels, as Caffe runs it, with its own gradient.

y = x / s^0.75,  s = 1 + alpha/size * (sum of x^2 over `size` neighbouring channels).

In plain torch; `native/lrn.py` is this for CPUs, `lrn_triton.py` for NVIDIA's GPUs, and
`normalise.py` takes what there is.
"""

import torch
from torch import Tensor

SIZE, ALPHA = 5, 1e-4  # BVLC GoogLeNet's; beta = 0.75 is built in


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
