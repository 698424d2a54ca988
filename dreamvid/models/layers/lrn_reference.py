"""Local response normalisation across channels as in Caffe, in plain torch.

y = x / s^0.75,  s = 1 + alpha/size * (sum of x^2 over `size` neighbouring channels).

`numba/lrn.py` has it for CPUs, `triton/lrn.py` for NVIDIA GPUs; `lrn.py` chooses.
"""

import torch
from torch import Tensor

SIZE, ALPHA = 5, 1e-4  # BVLC GoogLeNet's; beta = 0.75 is built in


def forward(x: Tensor) -> Tensor:
    """Normalise (N, C, H, W), in single precision at least: squares overflow half."""
    single = _at_least_single(x)
    return (single * _power(_scale(single))).to(x.dtype)


def backward(grad_output: Tensor, x: Tensor, after_relu: bool = False) -> Tensor:
    """Gradient at x; the scale is recomputed, which is cheaper than keeping it."""
    single = _at_least_single(x)
    scale = _scale(single)
    direct = _at_least_single(grad_output) * _power(scale)
    pulled = _over_neighbours(direct * single / scale)
    grad_input = (direct - (2 * 0.75 * ALPHA / SIZE) * single * pulled).to(x.dtype)
    return grad_input * (x > 0) if after_relu else grad_input


def _at_least_single(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _scale(x: Tensor) -> Tensor:
    return _over_neighbours(x * x).mul_(ALPHA / SIZE).add_(1)


def _over_neighbours(values: Tensor) -> Tensor:
    """Sum of the SIZE channels around each, fewer at the ends."""
    total = values.clone()
    for distance in range(1, SIZE // 2 + 1):
        total[:, distance:] += values[:, :-distance]
        total[:, :-distance] += values[:, distance:]
    return total


def _power(scale: Tensor) -> Tensor:
    """scale ** -0.75 by square roots, which vectorise where `pow` does not."""
    return (scale * scale.sqrt()).rsqrt()
