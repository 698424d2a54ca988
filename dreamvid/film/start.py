"""Start picture of a film: generated from the seed, or read from a file.

To add a kind, write a function (height, width, rng) -> Image, register it, and add its name to
`StartOptions.kind`.
"""

from collections.abc import Callable
from contextlib import closing

import torch
import torch.nn.functional as F
from av.error import ArgumentError
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.film.span import footage_path, span_of
from dreamvid.image import Image, OtherSizeImage, fit, from_bytes
from dreamvid.media.footage.film_times import read_film_times
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.images.reading import load
from dreamvid.preset.schema import StartOptions
from dreamvid.system.registry import Registry

Plane = Float[Tensor, "1 1 h w"]
STARTS: Registry[Callable[[int, int, torch.Generator], Image]] = Registry()
DEFAULT_SIZE = (480, 270)  # width, height


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


@STARTS.register("dusk")
def dusk(height: int, width: int, rng: torch.Generator) -> Image:
    """Draw a dark blue evening over a warm horizon, with thin clouds: it gives deep colours."""
    glow = mix((0.13, 0.18, 0.40), (0.96, 0.62, 0.36), ramp(height, width))
    return (glow * (0.6 + 0.55 * clouds(height, width, rng))).clamp(0, 1)


def make_start(options: StartOptions, rng: torch.Generator) -> OtherSizeImage:
    """Make the start picture, on the CPU, with even sides; raises PresetError."""
    if options.kind == "video":
        return _first_frame(options)
    if options.path is None:
        width, height = options.size or DEFAULT_SIZE
        return STARTS[options.kind](height, width, rng)
    image = load(options.path, option="start.path", background=options.background)
    if options.size:
        return fit(image, (options.size[1], options.size[0]))
    height, width = (side - side % 2 for side in image.shape[-2:])
    if min(height, width) < 16 or max(height, width) > 16384:
        raise PresetError(
            "start.path",
            f"{options.path} is {image.shape[-1]}x{image.shape[-2]} pixels",
            "a film has 16 to 16384 a side; give start.size to scale it",
        )
    return image[..., :height, :width]


def start_size(options: StartOptions) -> tuple[int, int]:
    """Find a film's (width, height): its own, its file's or the default; raises PresetError."""
    if options.size:
        return options.size
    if options.kind == "video":
        path = footage_path(options)
        height, width = probe_footage(path, span=span_of(options)).size
    elif options.path is None:
        return DEFAULT_SIZE
    else:
        height, width = load(options.path, option="start.path").shape[-2:]
    return width, height


def _first_frame(options: StartOptions) -> OtherSizeImage:
    path, size = footage_path(options), options.size
    wanted = size and (size[1], size[0])
    fps, span, background = read_film_times(path).rate, span_of(options), options.background
    frames = read_footage(path, fps=fps, size=wanted, background=background, span=span)
    with closing(frames):
        try:
            return from_bytes(next(frames))
        except ArgumentError:  # libav scales to at most 2**28 pixels
            width, height = size or (0, 0)
            problem = f"{path} cannot be scaled to {width}x{height}"
            raise PresetError("start.size", problem, "choose a smaller size") from None


def clouds(height: int, width: int, rng: torch.Generator) -> Plane:
    """Make value noise of six octaves, each half as strong as the one before, in [0, 1]."""
    total = torch.zeros(1, 1, height, width)
    for level in range(6):
        cells = (3 * 2**level, 4 * 2**level)
        values = torch.rand(1, 1, *cells, generator=rng)
        total += F.interpolate(values, (height, width), mode="bicubic") / 2**level
    low, high = total.min(), total.max()
    return (total - low) / (high - low)


def ramp(height: int, width: int) -> Plane:
    """Make a vertical gradient from 0 at the top to 1 at the bottom."""
    return torch.linspace(0, 1, height).view(1, 1, height, 1).expand(1, 1, height, width)


def smoothstep(low: float, high: float, x: Plane) -> Plane:
    """Interpolate smoothly from 0 at `low` to 1 at `high`."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def mix(first: tuple[float, ...], second: tuple[float, ...], share: Plane) -> Image:
    """Mix two colours pixel by pixel."""
    a, b = (torch.tensor(colour).view(1, 3, 1, 1) for colour in (first, second))
    return a + share * (b - a)
