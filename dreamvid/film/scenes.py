"""Generated start pictures: smooth skies, seas and woods with clouds from the seed.

Their colours are what a film's palette is taken from, so each has light, shade and several hues.
To add one, write a function (height, width, rng) -> Image, register it, and add its name to
`Scene` in `preset/start.py`.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float

from dreamvid.image import Image
from dreamvid.system.registry import Registry

Plane = Float[torch.Tensor, "1 1 h w"]
Rgb = tuple[float, float, float]
STARTS: Registry[Callable[[int, int, torch.Generator], Image]] = Registry()


@STARTS.register("noise")
def noise(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw uniform noise, as the second series of the 2018 post begins with."""
    return torch.rand(1, 3, height, width, generator=rng)


@STARTS.register("sky")
def sky(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw white clouds in a blue that pales towards the horizon."""
    down = ramp(height, width)
    blue = mix((0.20, 0.42, 0.78), (0.66, 0.80, 0.93), down)
    billows = clouds(height, width, rng)
    cover = smoothstep(0.48, 0.78, billows)
    lit = mix((0.72, 0.76, 0.84), (1.0, 0.99, 0.96), smoothstep(0.5, 0.95, billows))
    return (blue + cover * (lit - blue)).clamp(0, 1)


@STARTS.register("dawn")
def dawn(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw a teal sky over a rose horizon, the clouds pink from below."""
    billows = clouds(height, width, rng)
    down = ramp(height, width) + 0.25 * (billows - 0.5)
    light = gradient(
        {0.0: (0.10, 0.30, 0.50), 0.4: (0.36, 0.62, 0.68), 0.62: (0.95, 0.74, 0.66),
         0.82: (0.93, 0.45, 0.47), 1.05: (0.42, 0.18, 0.38)}, down
    )  # fmt: skip
    rose = smoothstep(0.55, 0.85, billows) * (1 - down).clamp(0, 1)
    return shaded(over(light, (1.0, 0.66, 0.64), 0.75 * rose), clouds(height, width, rng))


@STARTS.register("golden")
def golden(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw the hour before sunset: a low sun, gold on the clouds, blue shade above."""
    billows = clouds(height, width, rng)
    down = ramp(height, width) + 0.25 * (billows - 0.5)
    light = gradient(
        {0.0: (0.22, 0.36, 0.60), 0.35: (0.58, 0.64, 0.66), 0.6: (1.0, 0.78, 0.38),
         0.82: (0.88, 0.42, 0.14), 1.05: (0.34, 0.14, 0.12)}, down
    )  # fmt: skip
    sun = spots(height, width, rng, count=1, size=(0.16, 0.2), rows=(0.5, 0.6))
    lit = over(light, (1.0, 0.70, 0.34), 0.65 * smoothstep(0.55, 0.9, billows) * (1 - down))
    return over(shaded(lit, clouds(height, width, rng)), (1.0, 0.92, 0.66), 0.9 * sun)


@STARTS.register("dusk")
def dusk(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw a dark blue evening over a warm horizon, with thin clouds: it gives deep colours."""
    glow = mix((0.13, 0.18, 0.40), (0.96, 0.62, 0.36), ramp(height, width))
    return (glow * (0.6 + 0.55 * clouds(height, width, rng))).clamp(0, 1)


@STARTS.register("night")
def night(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw a deep blue night over a haze that warm lights of a town shine in."""
    billows = clouds(height, width, rng)
    down = ramp(height, width) + 0.3 * (billows - 0.5)
    dark = gradient(
        {0.0: (0.01, 0.03, 0.14), 0.5: (0.06, 0.13, 0.38), 0.78: (0.20, 0.16, 0.40),
         1.05: (0.30, 0.14, 0.18)}, down
    )  # fmt: skip
    moonlit = over(dark, (0.36, 0.52, 0.84), 0.6 * smoothstep(0.55, 0.95, billows) * (1 - down))
    haze = spots(height, width, rng, count=14, size=(0.06, 0.14), rows=(0.68, 1.0))
    lamps = spots(height, width, rng, count=90, size=(0.005, 0.024), rows=(0.5, 1.0))
    town = over(shaded(moonlit, clouds(height, width, rng)), (0.95, 0.46, 0.12), 0.65 * haze)
    return over(town, (1.0, 0.82, 0.46), lamps)


@STARTS.register("sea")
def sea(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw clear water, light above and deep blue below, over coral and sand."""
    billows = clouds(height, width, rng)
    down = ramp(height, width) + 0.45 * (billows - 0.5)
    water = gradient(
        {-0.1: (0.80, 0.95, 0.88), 0.25: (0.20, 0.70, 0.74), 0.6: (0.03, 0.34, 0.58),
         1.05: (0.02, 0.10, 0.32)}, down
    )  # fmt: skip
    reef = 0.75 * ramp(height, width) + 0.5 * clouds(height, width, rng)
    coral = smoothstep(0.8, 1.05, reef)
    return shaded(over(water, (1.0, 0.52, 0.40), 0.9 * coral), clouds(height, width, rng))


@STARTS.register("forest")
def forest(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw a wood: light through leaves above, moss, and the brown of the ground."""
    billows = clouds(height, width, rng)
    down = ramp(height, width) + 0.5 * (billows - 0.5)
    green = gradient(
        {-0.1: (0.92, 0.90, 0.52), 0.2: (0.48, 0.64, 0.20), 0.55: (0.10, 0.34, 0.18),
         0.85: (0.05, 0.16, 0.16), 1.1: (0.30, 0.17, 0.08)}, down
    )  # fmt: skip
    leaves = clouds(height, width, rng)
    gold = over(green, (0.95, 0.68, 0.18), 0.75 * smoothstep(0.6, 0.9, leaves))
    return shaded(gold, clouds(height, width, rng))


def clouds(height: int, width: int, rng: torch.Generator) -> Plane:
    """Make value noise of six octaves, each half as strong as the one before, in [0, 1]."""
    total = torch.zeros(1, 1, height, width)
    for level in range(6):
        cells = (3 * 2**level, 4 * 2**level)
        values = torch.rand(1, 1, *cells, generator=rng)
        total += F.interpolate(values, (height, width), mode="bicubic") / 2**level
    low, high = total.min(), total.max()
    return (total - low) / (high - low)


def spots(
    height: int,
    width: int,
    rng: torch.Generator,
    *,
    count: int,
    size: tuple[float, float],
    rows: tuple[float, float],
) -> Plane:
    """Draw round lights, at most 1, where the seed puts them, more of them in lower rows.

    Args:
        size: least and largest deviation of the Gaussians, in heights of the picture.
        rows: highest and lowest middle, as shares of the height.
    """
    across, along, sizes, bright = torch.rand(4, count, 1, generator=rng)
    deviation = (size[0] + (size[1] - size[0]) * sizes**3) * height
    y = (rows[0] + (rows[1] - rows[0]) * along.sqrt()) * height - torch.arange(height)
    x = across * width - torch.arange(width)
    rise, run = (torch.exp(-((distance / deviation) ** 2) / 2) for distance in (y, x))
    return 1 - torch.exp(-((0.5 + 1.5 * bright) * rise).T.matmul(run))[None, None]


def ramp(height: int, width: int) -> Plane:
    """Make a vertical gradient from 0 at the top to 1 at the bottom."""
    return torch.linspace(0, 1, height).view(1, 1, height, 1).expand(1, 1, height, width)


def smoothstep(low: float, high: float, x: Plane) -> Plane:
    """Interpolate smoothly from 0 at `low` to 1 at `high`."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def mix(first: Rgb, second: Rgb, share: Plane) -> Image:
    """Mix two colours pixel by pixel."""
    a, b = (torch.tensor(colour).view(1, 3, 1, 1) for colour in (first, second))
    return a + share * (b - a)


def gradient(stops: dict[float, Rgb], at: Plane) -> Image:
    """Pass smoothly through colours, each at its place in ascending order."""
    (start, colour), *others = stops.items()
    image = mix(colour, colour, at)
    for place, colour in others:
        image = over(image, colour, smoothstep(start, place, at))
        start = place
    return image


def shaded(image: Image, billows: Plane) -> Image:
    """Darken and lighten an image by clouds, so that it is nowhere flat."""
    return (image * (0.78 + 0.4 * billows)).clamp(0, 1)


def over(image: Image, colour: Rgb, share: Plane) -> Image:
    """Lay a colour over an image, by a share pixel by pixel."""
    return image + share.clamp(0, 1) * (mix(colour, colour, share) - image)
