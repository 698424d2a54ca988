"""Gaussian blur, and gradients smoothed by several blurs at once."""

import math

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image

Planes = Float[Tensor, "1 planes h w"]

REACH = 3.0  # a Gaussian is cut off at so many sigmas; what is left out is 0.3 % of it


def blur(image: Planes, sigma: float) -> Planes:
    """Gaussian blur, along columns and rows in turn, border mirrored.

    Args:
        sigma: in pixels, more than 0.
    """
    return _blurred_along(_blurred_along(image, sigma, -2), sigma, -1)


def cascade(gradient: Image, sigma: float) -> Image:
    """The mean of three blurs, of half, once and twice `sigma` pixels.

    Detail is weakened, and where it stays it lies within a larger form of its own
    (`CascadeGaussianSmoothing` of pytorch-deepdream, 2020).
    """
    return (blur(gradient, sigma / 2) + blur(gradient, sigma) + blur(gradient, 2 * sigma)) / 3


def _blurred_along(image: Planes, sigma: float, dim: int) -> Planes:
    """Each pixel's neighbours added up, two at a time: on a CPU faster than a convolution."""
    side = image.shape[dim]
    # No picture can be mirrored further than it is wide.
    reach = min(max(1, round(REACH * sigma)), side - 1)
    margin = (reach, reach, 0, 0) if dim == -1 else (0, 0, reach, reach)
    wide = F.pad(image, margin, mode="reflect")
    weights = [math.exp(-0.5 * (n / sigma) ** 2) for n in range(reach + 1)]
    whole = weights[0] + 2 * sum(weights[1:])
    result = weights[0] / whole * image
    for n in range(1, reach + 1):
        both = wide.narrow(dim, reach - n, side) + wide.narrow(dim, reach + n, side)
        result = result.add_(both, alpha=weights[n] / whole)
    return result
