"""Films whose frames are pictures that libav does not read as a film: folders, animated WebP."""

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from dreamvid.errors import PresetError, VideoError
from dreamvid.media.animated.reading import MILLISECOND, Animation, open_webp
from dreamvid.media.footage.reader import film_streams, open_input
from dreamvid.media.images.pixels import Pixels, read_pixels
from dreamvid.media.images.sequence import find_frames
from dreamvid.media.video.libav import libav_errors

Numbered = Generator[tuple[int, VideoFrame], None, None]
"""Frames that can be decoded, with their numbers."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PictureFilm:
    """Film whose frames are pictures, in RGB, or RGBA where they are transparent."""

    ticks: Sequence[int]  # at which each frame is shown first
    end: int  # tick until which the last one is shown
    tick: Fraction | None  # seconds; None: ticks are numbers, of a film without a rate of its own
    direct: bool  # a frame is read without those before it
    read: Callable[[int], Numbered]
    """Reader of the frames from a number on. Where that one is damaged, it begins before it."""


def files_of(path: Path) -> list[Path]:
    """List the files that a film is in: one, but for a folder or pattern; raises OSError."""
    files = find_frames(path)
    return [path] if files is None else [path, *files] if path.is_dir() else files


def open_pictures(path: Path) -> PictureFilm | None:
    """Open a folder or pattern of pictures, or an animated WebP; None for what libav opens.

    Raises VideoError.
    """
    try:
        files = find_frames(path)
        if files is None:
            return _of_animation(path)
    except OSError as error:
        raise VideoError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not files:
        raise VideoError(f"{path}: {'holds' if path.is_dir() else 'names'} no pictures")
    return PictureFilm(
        ticks=range(len(files)),
        end=len(files),
        tick=None,
        direct=True,
        read=lambda first: _read_files(files, first),
    )


def _read_files(files: Sequence[Path], first: int) -> Numbered:
    frame = _read_file(files[first])
    while frame is None and first:
        first -= 1
        frame = _read_file(files[first])
    for number in range(first, len(files)):
        frame = frame if number == first else _read_file(files[number])
        if frame is not None:
            yield number, frame


def _read_file(file: Path) -> VideoFrame | None:
    """Read a frame; None for a damaged one, which is told of."""
    try:
        return _as_frame(read_pixels(file, option="frame"))
    except PresetError as error:
        logger.warning("%s; another picture is shown in its place", error)
        return None


def _of_animation(path: Path) -> PictureFilm | None:
    animation = open_webp(path) or _open_clear_avif(path)
    if animation is None:
        return None

    def read(first: int) -> Numbered:
        with closing(animation.read(first)) as images:
            for number, pixels in enumerate(images, first):
                yield number, _as_frame(pixels)

    return PictureFilm(
        ticks=animation.ticks, end=animation.end, tick=animation.tick, direct=False, read=read
    )


def _open_clear_avif(path: Path) -> Animation | None:
    """Read the times of an animated AVIF with alpha, which is a second track; None for others."""
    with path.open("rb") as file:
        if file.read(12)[4:] not in (b"ftypavis", b"ftypavif"):
            return None
    with libav_errors(path), open_input(path) as container:
        moving = [stream for stream in film_streams(container) if stream.frames > 1]
        if len(moving) != 2:
            return None
        packets = list(container.demux(moving[0]))
    durations = [max(1, packet.duration or 1) for packet in packets if packet.pts is not None]
    return Animation(path, durations, Fraction(moving[0].time_base or MILLISECOND))


def _as_frame(pixels: Pixels) -> VideoFrame:
    return VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
