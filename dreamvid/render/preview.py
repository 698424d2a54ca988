"""What a film will look like, before it is rendered."""

from collections.abc import Generator, Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from dreamvid.film.engine import render_frames
from dreamvid.film.job import Job, build
from dreamvid.film.resolve import with_video
from dreamvid.film.start import DEFAULT_SIZE, file_size
from dreamvid.image import Image, OtherSizeImage
from dreamvid.media.animated.gif import write_loop_gif
from dreamvid.media.images.formats import format_of
from dreamvid.media.images.writing import save
from dreamvid.media.video.colour import to_yuv
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.writer import encode
from dreamvid.preset.schema import LoopOptions, Preset
from dreamvid.render.record.run_record import contact_sheet
from dreamvid.schedule.curve import Curve
from dreamvid.system.files import check_writable

WIDTH = 240  # pixels; the dream's features keep their size, so much smaller shows too few
DREAMS = 12  # of a whole film that is only looked at

Frames = Generator[Image, None, None]


def shrink(preset: Preset, to: int = WIDTH) -> Preset:
    """The same film, so many pixels wide at most, with as many octaves as make sense there."""
    width, height = preset.start.size or file_size(preset.start) or DEFAULT_SIZE
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
    """The film's first frames, one after another, and the preset with all spelled out.

    Part of a loop is shown without the dream that comes before its first frame.
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
    """The whole film, of which only so few frames are dreamed, and the others just moved.

    The motion is the film's own; there is less of a dream in it than there will be. Each dream
    takes half its steps, twice as long: it is rougher, but goes as far.
    """
    preset = with_video(preset)
    dream, count = preset.dream, preset.video.count
    usual = dream.every if dream.rate is None else max(1, round(preset.video.rate / dream.rate))
    every = usual * max(1, -(-count // (usual * DREAMS)))
    changes: dict[str, Any] = {"every": every, "rate": None}
    if not isinstance(dream.steps, Curve) and not isinstance(dream.step_size, Curve):
        steps = max(1, int(dream.steps) // 2)
        changes |= {"steps": steps, "step_size": dream.step_size * dream.steps / steps}
    return preset.model_copy(
        update={"dream": dream.model_copy(update=changes), "loop": LoopOptions()}
    )


def with_size(preset: Preset) -> Preset:
    """Size spelled out, where a film that grows from no file has the usual one."""
    size = preset.start.size or file_size(preset.start) or DEFAULT_SIZE
    even = tuple(max(16, side - side % 2) for side in size)
    return preset.model_copy(update={"start": preset.start.model_copy(update={"size": even})})


FILMS = (".mp4", ".gif")
GIF_RATE = 25  # pictures a second, at most


def check_preview(path: Path) -> None:
    """Before any work: raises OutputError where no preview can be written there."""
    if path.suffix.lower() not in FILMS:
        format_of(path)
    check_writable(path)


def write_preview(
    images: Iterable[OtherSizeImage], path: Path, *, count: int, fps: Fraction, tiles: int
) -> None:
    """Write pictures as the suffix of `path` says: a film of all, or a sheet of `tiles`.

    One picture is in memory, but for those on a sheet. Raises OutputError, VideoError.
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
    """Some of `count` pictures, evenly spread from the first to the last, as one."""
    tiles = min(tiles, count)
    wanted = {round(n * (count - 1) / max(1, tiles - 1)) for n in range(tiles)}
    kept = [image.cpu() for number, image in enumerate(images) if number in wanted]
    columns = 3 if len(kept) > 2 else len(kept)
    save(contact_sheet(kept, columns=columns, width=kept[0].shape[-1]), path)


def _write_film(images: Iterable[OtherSizeImage], path: Path, fps: Fraction) -> None:
    frames = (to_yuv(image) for image in images)
    first = next(frames)
    size = first.shape[0] * 2 // 3, first.shape[1]
    encode(chain([first], frames), path, Encoding(size=size, fps=fps, crf=18, preset="veryfast"))
