"""Gaussian blur, and gradients smoothed by several blurs at once."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image

REACH = 3.0  # a Gaussian is cut off at so many sigmas; what is left out is 0.3 % of it


def blur(image: Image, sigma: float) -> Image:
    """Gaussian blur, along columns and rows in turn, border mirrored.

    Args:
        sigma: in pixels, more than 0.
    """
    down = _blur_rows(image.transpose(-2, -1), sigma).transpose(-2, -1)
    return _blur_rows(down, sigma)


def cascade(gradient: Image, sigma: float) -> Image:
    """The mean of three blurs, of half, once and twice `sigma` pixels.

    Detail is weakened, and where it stays it lies within a larger form of its own
    (`CascadeGaussianSmoothing` of pytorch-deepdream, 2020).
    """
    return (blur(gradient, sigma / 2) + blur(gradient, sigma) + blur(gradient, 2 * sigma)) / 3


def _blur_rows(
    image: Float[Tensor, "1 3 rows columns"], sigma: float
) -> Float[Tensor, "1 3 rows columns"]:
    # No picture can be mirrored further than it is wide.
    reach = min(max(1, round(REACH * sigma)), image.shape[-1] - 1)
    places = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
    taps = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = (taps / taps.sum()).expand(3, 1, 1, -1)
    return F.conv2d(F.pad(image, (reach, reach, 0, 0), mode="reflect"), kernel, groups=3)
