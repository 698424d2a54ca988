"""Keep the colours of an image: their mean, their spread or the whole palette, in CIE Lab.

A dream that feeds on itself drifts to grey, dark or neon; a little of this in each frame
holds it, however many there are.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from kornia.color import lab_to_rgb, rgb_to_lab
from torch import Tensor

from dreamvid.image import Image, OtherSizeImage, constant

Pixels = Float[Tensor, "n 3"]
"""Pixels in Lab: lightness 0 to 100, and the two colour axes, about -100 to 100."""
Palette = Float[Tensor, "_ 3"]
"""A sample of an image's pixels."""
Goal = Float[Tensor, "rows 3"] | Float[Tensor, "turns knots 3"]
"""Statistics to move an image's colours to: the mean and the spread, or the quantiles along each
turned set of axes. A weighted mean of goals is one of colours in between: the displacement
interpolation of the distributions along each axis (Bonneel, Rabin, Peyre and Pfister, "Sliced and
Radon Wasserstein barycenters of measures", 2015), which does not mix their pixels."""

SAMPLES = 16_384  # pixels at most that statistics are taken from
LEAST, MOST = 0.25, 4.0  # how far a spread is stretched at once
KNOTS = 65  # of the curve that maps one distribution to another


@dataclass(frozen=True)
class Grade:
    """Settings of `keep_colours`; see `ColourOptions`."""

    keep: str = "none"  # none, mean, spread, palette
    strength: float = 0.2
    contrast: float = 1.0
    saturation: float = 1.0


def keep_colours(image: Image, goal: Goal, grade: Grade) -> Image:
    """Move an image part of the way to the colours of a goal (from `goal_of`).

    Mean and spread are those of Reinhard et al., "Color transfer between images", 2001, the
    colour axes scaled by one factor so that hues stay; palettes are matched along turned axes
    (Pitie, Kokaram and Dahyot, "N-dimensional probability density function transfer", 2005).
    """
    if grade.keep == "none" or not grade.strength:
        return image
    lab = rgb_to_lab(image)
    pixels = lab[0].flatten(1).T
    target = _matched(pixels, goal) if grade.keep == "palette" else _moved(pixels, goal, grade.keep)
    mixed = pixels + grade.strength * (target - pixels)
    return lab_to_rgb(mixed.T.reshape(lab.shape), clip=True)


def colours_of(image: OtherSizeImage) -> Palette:
    """Sample as many of an image's pixels as statistics need, evenly picked."""
    return _sampled(rgb_to_lab(image)[0].flatten(1).T)


def goal_of(like: Palette, keep: str, contrast: float = 1.0, saturation: float = 1.0) -> Goal:
    """Compute the statistics of a palette that `keep` needs, its spread scaled."""
    goal = _stretched(like, contrast, saturation)
    if keep != "palette":
        return torch.stack([goal.mean(0), _spread(goal)])
    return torch.stack([_quantiles(goal @ axes) for axes in _turned_axes(goal)])


def _quantiles(pixels: Pixels) -> Float[Tensor, "knots 3"]:
    share = torch.linspace(0, 1, KNOTS, device=pixels.device)
    return torch.quantile(pixels, share, dim=0)


def _sampled(pixels: Pixels) -> Palette:
    return pixels[:: -(-len(pixels) // SAMPLES)]


def _stretched(like: Palette, contrast: float, saturation: float) -> Palette:
    if contrast == saturation == 1:
        return like
    light, *colour = (like - like.mean(0)).unbind(1)
    scaled = [contrast * light, *(saturation * axis for axis in colour)]
    return like.mean(0) + torch.stack(scaled, 1)


def _moved(pixels: Pixels, goal: Goal, keep: str) -> Pixels:
    here = _sampled(pixels)
    mean, spread = goal
    if keep == "mean":
        return pixels + (mean - here.mean(0))
    factors = (spread / _spread(here).clamp_min(1e-3)).clamp(LEAST, MOST)
    return mean + (pixels - here.mean(0)) * factors


def _spread(pixels: Palette) -> Float[Tensor, " 3"]:
    """Standard deviations; both colour axes have one in common, so that no hue is favoured."""
    variance = pixels.var(0, correction=0)
    colour = variance[1:].mean()
    return torch.stack([variance[0], colour, colour]).sqrt()


def _matched(pixels: Pixels, goal: Goal) -> Pixels:
    """Match each axis's distribution to the goal's, in four turned sets of axes."""
    for axes, there in zip(_turned_axes(pixels), goal, strict=True):
        turned = pixels @ axes
        here = _quantiles(_sampled(turned))
        columns = [_interpolate(turned[:, n], here[:, n], there[:, n]) for n in range(3)]
        pixels = torch.stack(columns, 1) @ axes.T
    return pixels


def _interpolate(values: Tensor, knots: Tensor, levels: Tensor) -> Tensor:
    """Evaluate the piecewise linear curve through (knot, level), constant beyond its ends."""
    right = torch.searchsorted(knots.contiguous(), values.contiguous()).clamp(1, KNOTS - 1)
    left = right - 1
    width = (knots[right] - knots[left]).clamp_min(1e-6)
    share = ((values - knots[left]) / width).clamp(0, 1)
    return levels[left] + share * (levels[right] - levels[left])


def _turned_axes(like: Tensor) -> list[Float[Tensor, "3 3"]]:
    """List the axes of Lab, and three sets of axes that lie evenly between them."""
    c = 0.7071067811865476
    turns = (
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((1, 0, 0), (0, c, -c), (0, c, c)),
        ((c, -c, 0), (c, c, 0), (0, 0, 1)),
        ((c, 0, -c), (0, 1, 0), (c, 0, c)),
    )
    return [constant(turn, like.device, like.dtype) for turn in turns]
