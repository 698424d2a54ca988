"""A film to make others from: frames in playing order, their rate, and sound."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.image import Bytes
from dreamvid.media.audio.blocks import Samples
from dreamvid.media.audio.decode import RATE, read_blocks
from dreamvid.media.audio.source import has_sound
from dreamvid.media.footage.film_times import read_film_times
from dreamvid.media.footage.footage import probe_footage, read_footage

Sound = Callable[[], Generator[Samples, None, None]]
"""Opener of a film's sound: blocks of (2, n) at `audio.decode.RATE`, from second 0 on."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Frames that can be read repeatedly; treat them as read-only."""

    read: Callable[[], Generator[Bytes, None, None]]
    """Opener of the frames, each (h, w, 3), in playing order; closed with the generator."""
    size: tuple[int, int]  # (height, width)
    fps: Fraction
    count: int
    sound: Sound | None = None

    @property
    def seconds(self) -> Fraction:
        return self.count / self.fps


def pictures_of(path: Path, rate: Fraction | None = None) -> Pictures:
    """Open any film or sequence of pictures: upright, square pixels, even sides, constant rate.

    The whole file is read, one frame is decoded. Raises VideoError, and so does reading.

    Args:
        rate: of pictures in files of their own; None: as `read_film_times` has it.
    """
    info = probe_footage(path)
    if rate and read_film_times(path).pictures_alone:
        info = probe_footage(path, fps=rate)
    return Pictures(
        read=lambda: read_footage(path, fps=info.fps),
        size=info.size,
        fps=info.fps,
        count=info.frames,
        sound=(lambda: read_blocks(path, rate=RATE)) if info.sound and has_sound(path) else None,
    )
