"""Previews of a film: smaller, shorter or with fewer dreamed frames."""

from collections.abc import Generator, Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from dreamvid.film.engine import render_frames
from dreamvid.film.job import Job, build
from dreamvid.film.resolve import with_video
from dreamvid.film.start import start_size
from dreamvid.image import Image, OtherSizeImage
from dreamvid.media.animated.gif import write_loop_gif
from dreamvid.media.images.formats import format_of
from dreamvid.media.images.writing import save
from dreamvid.media.video.colour import to_yuv
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.writer import encode
from dreamvid.preset.schema import DreamOptions, LoopOptions, Preset
from dreamvid.render.record.run_record import contact_sheet
from dreamvid.schedule.curve import Curve
from dreamvid.system.files import check_writable

WIDTH = 240  # pixels; features keep their size, so a much smaller preview shows too few
DREAMS = 12  # dreamed frames in the preview of a whole film

Frames = Generator[Image, None, None]


def shrink(preset: Preset, to: int = WIDTH) -> Preset:
    """Scale a preset to at most `to` pixels in width, with as many octaves as fit there."""
    width, height = start_size(preset.start)
    scale = min(1.0, to / width)
    size = tuple(max(32, 2 * round(side * scale / 2)) for side in (width, height))
    start = preset.start.model_copy(update={"size": size})
    dream = preset.dream
    if isinstance(dream.octaves, Curve) or isinstance(dream.octave_scale, Curve):
        return preset.model_copy(update={"start": start})
    octaves = range(1, int(dream.octaves) + 1)
    fitting = [n for n in octaves if min(size) / dream.octave_scale**n > 40]
    fewer = dream.model_copy(update={"octaves": max(fitting, default=1)})
    return preset.model_copy(update={"start": start, "dream": fewer})


def film_frames(preset: Preset, device: torch.device, *, frames: int) -> tuple[Preset, Frames]:
    """Render a film's first frames; returns the resolved preset, and a generator of the frames.

    Part of a loop is rendered without its lead-in.
    """
    if frames < with_video(preset).video.count:
        preset = preset.model_copy(update={"loop": LoopOptions()})
    job = build(preset, device)
    return job.preset, _images(job, min(frames, job.preset.video.count))


def _images(job: Job, count: int) -> Frames:
    with job.steps({}) as step:
        for frame in render_frames(job.start, step, count=count):
            if frame.index >= 0:
                yield frame.image


def thin(preset: Preset) -> Preset:
    """Reduce a film to about DREAMS dreamed frames; the others are only moved.

    The motion is the film's own, the dream weaker. Half the steps are taken, each twice as
    large, so a dreamed frame is rougher but changes as much.
    """
    preset = with_video(preset)
    dream, count = preset.dream, preset.video.count
    usual = dream.every if dream.rate is None else max(1, round(preset.video.rate / dream.rate))
    every = usual * max(1, -(-count // (usual * DREAMS)))
    thinned = rougher(dream).model_copy(update={"every": every, "rate": None})
    return preset.model_copy(update={"dream": thinned, "loop": LoopOptions()})


def rougher(dream: DreamOptions) -> DreamOptions:
    """Halve the gradient steps, each twice as large; those that change over time stay."""
    if isinstance(dream.steps, Curve) or isinstance(dream.step_size, Curve):
        return dream
    steps = max(1, int(dream.steps) // 2)
    changes = {"steps": steps, "step_size": dream.step_size * dream.steps / steps}
    return dream.model_copy(update=changes)


def with_size(preset: Preset) -> Preset:
    """Resolve a preset's size: its own, its file's, or the default one, made even."""
    even = tuple(max(16, side - side % 2) for side in start_size(preset.start))
    return preset.model_copy(update={"start": preset.start.model_copy(update={"size": even})})


FILMS = (".mp4", ".gif")
GIF_RATE = 25  # frames a second, at most


def check_preview(path: Path) -> None:
    """Raise OutputError where no preview can be written to `path`."""
    if path.suffix.lower() not in FILMS:
        format_of(path)
    check_writable(path)


def write_preview(
    images: Iterable[OtherSizeImage], path: Path, *, count: int, fps: Fraction, tiles: int
) -> None:
    """Write images in the format of `path`'s suffix: a film of all, or a sheet of `tiles`.

    Only the images on a sheet are held in memory. Raises OutputError, VideoError.
    """
    suffix = path.suffix.lower()
    if suffix == ".mp4":
        _write_film(images, path, fps)
    elif suffix == ".gif":
        with TemporaryDirectory() as folder:
            film = Path(folder) / "film.mp4"
            _write_film(images, film, fps)
            every = -(-fps // GIF_RATE)
            write_loop_gif(film, None, path, every=every, fps=fps / every, width=4096)
    else:
        write_sheet(images, path, count=count, tiles=tiles)


def write_sheet(images: Iterable[OtherSizeImage], path: Path, *, count: int, tiles: int) -> None:
    """Write `tiles` of `count` images, evenly spread from first to last, as a contact sheet."""
    tiles = min(tiles, count)
    numbers = {round(n * (count - 1) / max(1, tiles - 1)) for n in range(tiles)}
    chosen = [image.cpu() for number, image in enumerate(images) if number in numbers]
    columns = 3 if len(chosen) > 2 else len(chosen)
    save(contact_sheet(chosen, columns=columns, width=chosen[0].shape[-1]), path)


def _write_film(images: Iterable[OtherSizeImage], path: Path, fps: Fraction) -> None:
    frames = (to_yuv(image) for image in images)
    first = next(frames)
    size = first.shape[0] * 2 // 3, first.shape[1]
    encode(chain([first], frames), path, Encoding(size=size, fps=fps, crf=18, preset="veryfast"))
