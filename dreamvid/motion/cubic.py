"""Cubic resampling that blurs alike at every fraction of a pixel.

An interpolating cubic copies a pixel that is read at a fraction of 0 and blurs one read at 0.5.
About a fixed point of the motion, fractions stay near 0 frame after frame: a row there is copied
and dreamed harder each time, until a line stands out. Here the kernel is a smoother one of
Mitchell and Netravali's (1988), B = 1.2, C = -0.1, whose blur hardly depends on the fraction, and
a filter on the pixels beforehand makes up for it: quasi-interpolation (Condat, Blu and Unser,
2005).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Fold = Callable[[Tensor, int], Tensor]
"""(indices or positions, length) -> the same ones folded back into 0 .. length-1."""
Axis = Float[Tensor, "rows columns"]

MARGIN = 3  # pixels that the kernel reads past the border, and one for rounding


def sample_even_cubic(
    image: Float[Tensor, "1 c h w"],
    positions: Float[Tensor, "rows columns 2"],
    *,
    sharpness: float,
    fold: Fold,
) -> Float[Tensor, "1 c rows columns"]:
    """Sample by the kernel over 4 x 4 pixels of the sharpened image.

    Its weights are positive, so that four bilinear readings make the sixteen pixels' sum (Sigg and
    Hadwiger, 2005).
    """
    sharp = sharpened(image, sharpness, fold)
    height, width = image.shape[-2:]
    left, right, across = _readings(positions[..., 0], width, fold)
    top, bottom, down = _readings(positions[..., 1], height, fold)
    row = lambda y: torch.lerp(_bilinear(sharp, left, y), _bilinear(sharp, right, y), across)
    return torch.lerp(row(top), row(bottom), down)


def sharpened(
    image: Float[Tensor, "1 c h w"], sharpness: float, fold: Fold
) -> Float[Tensor, "1 c h+6 w+6"]:
    """Sharpen along rows and columns, with MARGIN pixels more on each side.

    The gain of a wave is 1 + g s - 0.2 s^2 + 2.1 s^3, s = sin^2(pi / wavelength in pixels), fitted
    at a sharpness of 0.55: with the kernel, waves of three pixels and more keep 0.97 to 1 in a
    reading. g depends on the sharpness as the gain of Keys' cubic (1981), a = -sharpness, does.
    """
    g = 0.583 + 0.525 * sharpness
    # Powers of s are binomial differences: s = [-1, 2, -1] / 4, s^2 = [1, -4, 6, -4, 1] / 16, ...
    taps = [
        1 + g / 2 - 0.2 * 6 / 16 + 2.1 * 20 / 64,
        -g / 4 + 0.2 * 4 / 16 - 2.1 * 15 / 64,
        -0.2 / 16 + 2.1 * 6 / 64,
        -2.1 / 64,
    ]
    for axis in (-1, -2):
        length = image.shape[axis]
        outside = torch.arange(-MARGIN - 3, length + MARGIN + 3, device=image.device)
        wider = image.index_select(axis, fold(outside, length))
        near = [wider.narrow(axis, n, length + 2 * MARGIN) for n in range(7)]
        image = near[3] * taps[0]
        for n in (1, 2, 3):
            image.add_(near[3 - n] + near[3 + n], alpha=taps[n])
    return image


def kernel_weights(fraction: Axis) -> tuple[Axis, Axis, Axis, Axis]:
    """Compute the weights of the 4 pixels around a position; positive, they add up to 1."""
    near = lambda d: (0.3 * d - 0.7) * d * d + 0.6  # |d| <= 1
    far = lambda d: ((0.7 - 0.1 * d) * d - 1.6) * d + 1.2  # 1 <= |d| <= 2
    return far(1 + fraction), near(fraction), near(1 - fraction), far(2 - fraction)


def _readings(position: Axis, length: int, fold: Fold) -> tuple[Axis, Axis, Axis]:
    """Place an axis' two bilinear readings, -1 to 1 over the margins; and the second's share."""
    position = fold(position, length) + MARGIN
    corner = position.floor()
    weights = kernel_weights(position - corner)
    share = weights[2] + weights[3]
    scale = 2 / (length + 2 * MARGIN - 1)
    first = corner - 1 + weights[1] / (1 - share)
    second = corner + 1 + weights[3] / share
    return first * scale - 1, second * scale - 1, share


def _bilinear(image: Tensor, x: Axis, y: Axis) -> Tensor:
    # Nothing is read outside of the margins, so that any padding will do; MPS has only zeros.
    grid = torch.stack([x, y], -1)[None]
    return F.grid_sample(image, grid, "bilinear", "zeros", align_corners=True)
