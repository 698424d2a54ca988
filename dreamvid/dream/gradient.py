"""Normalise a gradient: its mean size, its Laplacian pyramid, its colour axes."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image, Scalar, constant

# How the colours of natural photos vary together: a square root of their covariance
# (Lucid, `color_correlation_svd_sqrt`, Olah et al., 2017), scaled to a largest norm of 1.
PHOTO_COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))

TINY = 1e-20  # keeps a flat image's gradient, which is 0, from becoming 0 / 0
SMALLEST = 12  # pixels: a band with a shorter side is not halved any more


def unit_mean(gradient: Image) -> Image:
    """Divide a gradient by its mean size, as in dream.ipynb, 2015; a zero gradient stays zero."""
    return gradient / mean_size(gradient)


def mean_size(gradient: Image) -> Scalar:
    """Mean absolute value of a gradient; never zero."""
    return gradient.abs().mean().clamp_min(TINY)


def normalise_pyramid(gradient: Image, *, levels: int) -> Image:
    """Scale every band of the gradient's Laplacian pyramid to a root mean square of 1.

    A network's gradient is mostly the finest band; normalised, large shapes form too
    (`lap_normalize` of TensorFlow's deepdream notebook, 2015, with an even border). Of `levels`
    bands above the coarsest there are fewer where one would be under 12 pixels.
    """
    bands = []
    for _ in range(levels):
        if min(gradient.shape[-2:]) < SMALLEST:
            break
        smaller = blur_and_halve(gradient)
        bands.append(gradient - enlarge(smaller, gradient))
        gradient = smaller
    result = unit_rms(gradient)
    for band in reversed(bands):
        result = enlarge(result, band) + unit_rms(band)
    return result


def like_photos(gradient: Image) -> Image:
    """Precondition a gradient by the colour covariance of photos (Lucid, 2017): grey leads."""
    root = constant(PHOTO_COLOURS, gradient.device, gradient.dtype)
    root = root / root.norm(dim=0).max()
    return torch.einsum("ij,bjhw->bihw", root @ root.T, gradient)


def grey(change: Image) -> Image:
    """Average a change over the channels, so that it leaves an image's colours alone."""
    return change.mean(1, keepdim=True).expand_as(change)


def blur_and_halve(image: Float[Tensor, "1 3 _ _"]) -> Float[Tensor, "1 3 _ _"]:
    """Apply Burt and Adelson's 5-tap filter (1983) at stride 2, the border mirrored."""
    taps = constant((1, 4, 6, 4, 1), image.device, image.dtype) / 16
    kernel = (taps[:, None] * taps).expand(3, 1, 5, 5)
    return F.conv2d(F.pad(image, (2, 2, 2, 2), mode="reflect"), kernel, stride=2, groups=3)


def enlarge(image: Float[Tensor, "1 3 _ _"], like: Float[Tensor, "1 3 _ _"]) -> Tensor:
    return F.interpolate(image, like.shape[-2:], mode="bilinear", align_corners=False)


def unit_rms(band: Float[Tensor, "1 3 _ _"]) -> Tensor:
    return band / band.pow(2).mean().sqrt().clamp_min(TINY)
