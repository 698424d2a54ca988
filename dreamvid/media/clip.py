"""A film as what is made from it needs it: pictures in playing order, their rate, and sound."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.image import Bytes
from dreamvid.media.audio.blocks import Samples
from dreamvid.media.audio.decode import RATE, read_blocks
from dreamvid.media.video.footage import probe_footage, read_footage

Sound = Callable[[], Generator[Samples, None, None]]
"""Opens a film's sound anew: (2, n) at `sound.decode.RATE`, from the film's second 0 on."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Moving pictures that can be read again and again. Treat what they yield as read-only."""

    read: Callable[[], Generator[Bytes, None, None]]
    """Opens them anew: each (h, w, 3), in playing order. Closed with the generator."""
    size: tuple[int, int]  # (height, width)
    fps: Fraction
    count: int
    sound: Sound | None = None

    @property
    def seconds(self) -> Fraction:
        return self.count / self.fps


def pictures_of(path: Path) -> Pictures:
    """Those of any film that libav opens: upright, square pixels, even sides, constant rate.

    The whole file is read, but one frame decoded. Raises VideoError, as the readers do.
    """
    info = probe_footage(path)
    return Pictures(
        read=lambda: read_footage(path, fps=info.fps),
        size=info.size,
        fps=info.fps,
        count=info.frames,
        sound=(lambda: read_blocks(path, rate=RATE)) if info.sound else None,
    )
