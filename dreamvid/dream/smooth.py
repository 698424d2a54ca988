"""Gaussian blur, and gradients smoothed by several blurs at once."""

import math

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image

Planes = Float[Tensor, "1 planes h w"]

REACH = 3.0  # sigmas, at which a Gaussian is cut off: 0.3 % of it is left out


def blur(image: Planes, sigma: float) -> Planes:
    """Convolve with a Gaussian, along columns and rows in turn, the border mirrored.

    `sigma` is in pixels, more than 0. `kornia.filters.gaussian_blur2d` would do, at the same speed,
    but refuses a kernel wider than the image and rounds otherwise: films dreamed so far would come
    out different.
    """
    return _blur_along(_blur_along(image, sigma, -2), sigma, -1)


def cascade(gradient: Image, sigma: float) -> Image:
    """Average three blurs, of half, once and twice `sigma` pixels.

    Detail is weakened, and where it stays it lies within a larger form of its own
    (`CascadeGaussianSmoothing` of pytorch-deepdream, 2020).
    """
    return (blur(gradient, sigma / 2) + blur(gradient, sigma) + blur(gradient, 2 * sigma)) / 3


def blur_reach(sigma: float) -> int:
    """Rows above and below that a row of a blur depends on, and a few more."""
    return round(REACH * sigma) + 2


def _blur_along(image: Planes, sigma: float, dim: int) -> Planes:
    """Add up each pixel's neighbours, the two at one distance at a time."""
    side = image.shape[dim]
    reach = min(max(1, round(REACH * sigma)), side - 1)  # no image can be mirrored further
    margin = (reach, reach, 0, 0) if dim == -1 else (0, 0, reach, reach)
    wide = F.pad(image, margin, mode="reflect")
    weights = [math.exp(-0.5 * (n / sigma) ** 2) for n in range(reach + 1)]
    total = weights[0] + 2 * sum(weights[1:])
    result = weights[0] / total * image
    for n in range(1, reach + 1):
        both = wide.narrow(dim, reach - n, side) + wide.narrow(dim, reach + n, side)
        result = result.add_(both, alpha=weights[n] / total)
    return result
