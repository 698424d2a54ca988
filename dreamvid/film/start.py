"""Start picture of a film: generated from the seed, or read from a file."""

from contextlib import closing

import torch
from av.error import ArgumentError

from dreamvid.errors import PresetError
from dreamvid.film.scenes import STARTS
from dreamvid.film.span import footage_path, span_of
from dreamvid.image import OtherSizeImage, fit, from_bytes
from dreamvid.media.footage.film_times import read_film_times
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.images.reading import load
from dreamvid.preset.schema import StartOptions

DEFAULT_SIZE = (480, 270)  # width, height


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
