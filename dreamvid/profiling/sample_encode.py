"""Measure the sizes and times of a film's files on a small sample, dreamed and encoded."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch

from dreamvid.film.engine import render_frames
from dreamvid.film.job import build
from dreamvid.image import Image, OtherSizeImage
from dreamvid.media.animated.gif import write_loop_gif
from dreamvid.media.footage.reader import open_video
from dreamvid.media.images.writing import save
from dreamvid.media.video.colour import to_planes
from dreamvid.media.video.writer import encode
from dreamvid.preset.schema import LoopOptions, Preset
from dreamvid.render.preview import shrink
from dreamvid.render.work.encoding import encoding_of
from dreamvid.render.work.frame_files import BITS

Result = TypeVar("Result")

FRAMES = 10  # dreamed; a dream builds up over some frames
ENCODED = 6  # of these, the last ones
BUDGET = 15.0  # seconds for them; beyond that a smaller sample is dreamed
NARROWEST = 160  # pixels; smaller dreams differ in texture


@dataclass(frozen=True)
class Texture:
    """Bytes and seconds of a film's files at its real size."""

    first: int  # bytes of a segment's first frame
    others: float  # bytes of any other frame, on average
    gif: float  # bytes of a frame of the loop
    still: int  # bytes of a PNG
    convert: float  # seconds a frame, for the conversion to YUV
    encode: float  # seconds a frame, in one direction
    gif_seconds: float  # for each frame of the loop
    still_seconds: float
    deep: int  # bytes of a 16-bit PNG; 0 without an image sequence
    deep_seconds: float


def measure_texture(preset: Preset, device: torch.device, seconds: float) -> Texture:
    """Dream and encode a few frames of a job's preset, smaller if a frame takes many seconds."""
    assert preset.start.size
    width, height = preset.start.size
    scale = min(1.0, (BUDGET / max(1e-6, FRAMES * seconds)) ** 0.5)
    small = shrink(preset, max(NARROWEST, 2 * round(width * scale / 2))) if scale < 1 else preset
    job = build(small.model_copy(update={"loop": LoopOptions()}), device)
    with job.steps({}) as step:
        shown = render_frames(job.start, step, count=min(FRAMES, preset.video.count))
        images = [tile_mirrored(frame.image, (height, width)) for frame in shown][-ENCODED:]
    return _measure_files(images, preset)


def tile_mirrored(image: OtherSizeImage, size: tuple[int, int]) -> OtherSizeImage:
    """Tile an image to (height, width) by copies of itself, each mirrored to the next."""
    for axis, length in ((-2, size[0]), (-1, size[1])):
        index = torch.arange(length, device=image.device) % (2 * image.shape[axis])
        image = image.index_select(axis, torch.minimum(index, 2 * image.shape[axis] - 1 - index))
    return image


def _measure_files(images: list[Image], preset: Preset) -> Texture:
    encoding, dither = encoding_of(preset), preset.video.dither != "none"
    names = f"film{encoding.kind.segment}", "loop.gif", "still.png", "deep.png"
    with TemporaryDirectory() as folder:
        film, gif, still, deep = (Path(folder) / name for name in names)
        frames, convert = _timed(
            lambda: [to_planes(image, encoding.pixel_format, dither) for image in images]
        )
        _, encoded = _timed(lambda: encode(frames, film, encoding))
        first, *others = _packets(film)
        width = preset.outputs.loop_width
        count, looped = _timed(
            lambda: write_loop_gif(film, film, gif, every=1, fps=20, width=width)
        )
        _, saved = _timed(lambda: save(images[-1], still))
        has_deep = preset.outputs.frames == "png"
        _, saved_deep = _timed(lambda: save(images[-1], deep, BITS) if has_deep else None)
        return Texture(
            first=first,
            others=sum(others) / max(1, len(others)),
            gif=gif.stat().st_size / count,
            still=still.stat().st_size,
            convert=convert / len(images),
            encode=encoded / len(images),
            gif_seconds=looped / count,
            still_seconds=saved,
            deep=deep.stat().st_size if has_deep else 0,
            deep_seconds=saved_deep if has_deep else 0.0,
        )


def _packets(film: Path) -> list[int]:
    """List the bytes of each frame, in decoding order."""
    with open_video(film) as (container, stream):
        return [packet.size for packet in container.demux(stream) if packet.size]


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin
