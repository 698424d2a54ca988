"""Shaping the gradient before it becomes a step: what makes dreams clean instead of noisy.

All parts are off in the 2015 look; `step.py` says in which order they come.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.frequency import by_frequency
from dreamvid.dream.settings import Ascent
from dreamvid.dream.smooth import cascade
from dreamvid.image import Image, Scalar, constant

# How the colours of natural photos vary together: a square root of their covariance
# (Lucid, `color_correlation_svd_sqrt`, Olah et al., 2017), scaled to a largest norm of 1.
PHOTO_COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))

TINY = 1e-20  # keeps a flat image's gradient, which is 0, from becoming 0 / 0


def shapes(ascent: Ascent) -> bool:
    """Whether `shape` changes anything."""
    return bool(ascent.frequency or ascent.smooth or ascent.decorrelate or ascent.luminance)


def shape(direction: Image, ascent: Ascent) -> Image:
    """The direction, of mean size 1, as it will be stepped along; of mean size 1 again."""
    if ascent.frequency:
        direction = unit_mean(by_frequency(direction, ascent.frequency))
    if ascent.smooth:
        direction = unit_mean(cascade(direction, ascent.smooth))
    if ascent.decorrelate:
        direction = _partly(direction, like_photos(direction), ascent.decorrelate)
    if ascent.luminance:
        direction = _partly(direction, grey(direction), ascent.luminance)
    return direction


def _partly(direction: Image, other: Image, share: float) -> Image:
    """A share of the way to another direction, both taken at a mean size of 1."""
    return unit_mean((1 - share) * direction + share * unit_mean(other))


def unit_mean(gradient: Image) -> Image:
    """Divided by its mean size, as in dream.ipynb, 2015; a zero gradient stays zero."""
    return gradient / mean_size(gradient)


def mean_size(gradient: Image) -> Scalar:
    """Never zero."""
    return gradient.abs().mean().clamp_min(TINY)


def normalise_pyramid(gradient: Image, *, levels: int) -> Image:
    """Every band of a Laplacian pyramid brought to the same strength.

    A network's gradient is mostly the finest band; evened out, large shapes form too
    (`lap_normalize` of TensorFlow's deepdream notebook, 2015, with an even border).
    Stops early where a band would be under 12 pixels.
    """
    bands = []
    for _ in range(levels):
        if min(gradient.shape[-2:]) < 12:
            break
        smaller = blur_and_halve(gradient)
        bands.append(gradient - enlarge(smaller, gradient))
        gradient = smaller
    result = unit_rms(gradient)
    for band in reversed(bands):
        result = enlarge(result, band) + unit_rms(band)
    return result


def like_photos(gradient: Image) -> Image:
    """The gradient as if pixels were written in the colour axes of photos: grey leads."""
    root = constant(PHOTO_COLOURS, gradient.device, gradient.dtype)
    root = root / root.norm(dim=0).max()
    return torch.einsum("ij,bjhw->bihw", root @ root.T, gradient)


def grey(change: Image) -> Image:
    """The part of a change that is alike in all three channels: colours stay what they are."""
    return change.mean(1, keepdim=True).expand_as(change)


def blur_and_halve(image: Float[Tensor, "1 3 _ _"]) -> Float[Tensor, "1 3 _ _"]:
    """Burt and Adelson's 5-tap filter, every second pixel kept, border mirrored."""
    taps = constant((1, 4, 6, 4, 1), image.device, image.dtype) / 16
    kernel = (taps[:, None] * taps).expand(3, 1, 5, 5)
    return F.conv2d(F.pad(image, (2, 2, 2, 2), mode="reflect"), kernel, stride=2, groups=3)


def enlarge(image: Float[Tensor, "1 3 _ _"], like: Float[Tensor, "1 3 _ _"]) -> Tensor:
    return F.interpolate(image, like.shape[-2:], mode="bilinear", align_corners=False)


def unit_rms(band: Float[Tensor, "1 3 _ _"]) -> Tensor:
    return band / band.pow(2).mean().sqrt().clamp_min(TINY)
