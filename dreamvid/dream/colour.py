"""Keep the colours of an image: their mean, their spread or the whole palette, in CIE Lab.

A dream that feeds on itself drifts to grey, dark or neon; a little of this in each frame
holds it, however many there are.
"""

from dataclasses import dataclass
from math import gcd

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.cube import nodes, read_cube, to_gamut, to_lab
from dreamvid.image import Image, OtherSizeImage, constant

Palette = Float[Tensor, "_ 3"]
"""Colours in Lab, such as a sample of an image's: lightness 0 to 100, and the two colour axes,
about -100 to 100."""
Rows = Float[Tensor, "3 n"]
"""Colours along three axes."""
Goal = Float[Tensor, "rows 3"] | Float[Tensor, "turns 3 knots"]
"""Statistics to move an image's colours to: the mean and the spread, or the quantiles along each
turned set of axes. A weighted mean of goals is one of colours in between: the displacement
interpolation of the distributions along each axis (Bonneel, Rabin, Peyre and Pfister, "Sliced and
Radon Wasserstein barycenters of measures", 2015), which does not mix their pixels."""

SAMPLES = 8192  # pixels at most that statistics are taken from
LEAST, MOST = 0.25, 4.0  # how far a spread is stretched at once
KNOTS = 65  # of the curve that maps one distribution to another, denser at its ends
OUTER = 0.0005  # share of the pixels beyond the outer knots, as which they are shifted
TABLE = 512  # steps in which the curve is read
TIE = 1e-3  # spread, in Lab, that is given to pixels of one colour


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
    rgb, pixels = nodes(image.device)
    here = colours_of(image)
    if grade.keep == "mean":
        reached = pixels + (goal[0] - here.mean(0))
    else:
        reached = (_matched if grade.keep == "palette" else _moved)(pixels, here, goal)
    mixed = pixels + grade.strength * (reached - pixels)
    return (image + read_cube(to_gamut(mixed) - rgb, image)).clamp(0, 1)


def colours_of(image: OtherSizeImage) -> Palette:
    """Sample as many of an image's pixels as statistics need, evenly picked, in Lab."""
    height, width = image.shape[-2:]
    stride = -(-height * width // SAMPLES)
    while gcd(stride, width) > 1:  # else only some of the columns
        stride += 1
    return to_lab(image[0].flatten(1)[:, ::stride].T)


def goal_of(like: Palette, keep: str, contrast: float = 1.0, saturation: float = 1.0) -> Goal:
    """Compute the statistics of a palette that `keep` needs, its spread scaled."""
    goal = _stretched(like, contrast, saturation)
    if keep != "palette":
        return torch.stack([goal.mean(0), _spread(goal)])
    return torch.stack([_quantiles((goal @ axes).T) for axes in _turned_axes(goal)])


def _stretched(like: Palette, contrast: float, saturation: float) -> Palette:
    if contrast == saturation == 1:
        return like
    light, *colour = (like - like.mean(0)).unbind(1)
    scaled = [contrast * light, *(saturation * axis for axis in colour)]
    return to_lab(to_gamut(like.mean(0) + torch.stack(scaled, 1)))


def _quantiles(rows: Rows) -> Float[Tensor, "3 knots"]:
    turn = torch.linspace(0, torch.pi, KNOTS, device=rows.device)
    share = OUTER + (1 - 2 * OUTER) * (0.5 - 0.5 * turn.cos())
    ordered, last = rows.sort(1).values, rows.shape[1] - 1
    place = share * last
    left = place.long()
    return torch.lerp(ordered[:, left], ordered[:, (left + 1).clamp_max(last)], place - left)


def _moved(pixels: Palette, here: Palette, goal: Goal) -> Palette:
    mean, spread = goal
    factors = (spread / _spread(here).clamp_min(1e-3)).clamp(LEAST, MOST)
    return mean + (pixels - here.mean(0)) * factors


def _spread(pixels: Palette) -> Float[Tensor, " 3"]:
    """Standard deviations; both colour axes have one in common, so that no hue is favoured."""
    variance = pixels.var(0, correction=0)
    colour = variance[1:].mean()
    return torch.stack([variance[0], colour, colour]).sqrt()


def _matched(pixels: Palette, here: Palette, goal: Goal) -> Palette:
    """Match each axis's distribution `here` to the goal's, in four turned sets of axes."""
    both = torch.cat([here, pixels]).T.contiguous()
    for axes, levels in zip(_turned_axes(both), goal, strict=True):
        turned = axes.T @ both
        both = axes @ _interpolate(turned, _quantiles(turned[:, : len(here)]), levels)
    return both[:, len(here) :].T


def _interpolate(rows: Rows, knots: Tensor, levels: Tensor) -> Rows:
    """Evaluate in each row the curve through its (knot, level), a shift beyond its ends."""
    knots = knots + torch.linspace(-TIE, TIE, KNOTS, device=knots.device)
    low, high = knots[:, :1], knots[:, -1:]
    # Tabulated evenly, since a search for each value would take most of the time.
    even = low + (high - low) * torch.linspace(0, 1, TABLE, device=knots.device)
    right = torch.searchsorted(knots, even).clamp(1, KNOTS - 1)
    (x0, x1), (y0, y1) = ((k.gather(1, right - 1), k.gather(1, right)) for k in (knots, levels))
    table = torch.lerp(y0, y1, (even - x0) / (x1 - x0))
    inside = rows.clamp(low, high)
    across = 2 * (inside - low) / (high - low) - 1
    places = torch.stack([across, torch.zeros_like(across)], -1)[:, None]
    read = F.grid_sample(table[:, None, None], places, align_corners=True)
    return read[:, 0, 0] + (rows - inside)


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
