"""Reading of animations by Pillow, frame by frame, with the file's own times.

libav has no decoder of animated WebP, and none that joins an AVIF's alpha to its colours. Memory
holds the compressed file and one frame.
"""

import logging
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from dreamvid.errors import PresetError, VideoError
from dreamvid.media.images.pixels import Pixels, pixels_of
from dreamvid.media.images.reading import image_errors, open_image, upright
from dreamvid.media.metadata.common import Damaged
from dreamvid.media.metadata.webp import chunks_of
from dreamvid.system.files import check_file

MILLISECOND = Fraction(1, 1000)
# As browsers do: a file of no or hardly any durations is not a film of a thousand frames a second.
SHORTEST, USUAL = 11, 100  # milliseconds: shorter ones are shown for the usual time

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Animation:
    """Film of a file whose frames depend on those before."""

    path: Path
    durations: list[int]  # of each frame, in ticks
    tick: Fraction = MILLISECOND

    @property
    def ticks(self) -> list[int]:
        """Times at which the frames are shown first."""
        return [0, *accumulate(self.durations[:-1])]

    @property
    def end(self) -> int:
        return sum(self.durations)

    def read(self, first: int) -> Generator[Pixels, None, None]:
        """Yield the frames from number `first` on; those that cannot be read end it.

        Raises VideoError where there are none.
        """
        number = first
        try:
            with image_errors(self.path, "frame"), open_image(self.path) as file:
                for number in range(first, len(self.durations)):
                    file.seek(number)
                    yield pixels_of(upright(file.copy()))
        except PresetError:
            if number == first:
                raise VideoError(f"{self.path}: is damaged at frame {number}") from None
            logger.warning("%s: is damaged at frame %d, and held there", self.path, number)


def open_webp(path: Path) -> Animation | None:
    """Read the times of an animated WebP; None for other files and stills. Raises OSError."""
    check_file(path)
    with path.open("rb") as file:
        head = file.read(16)
        if head[:4] != b"RIFF" or head[8:] != b"WEBPVP8X":
            return None
        durations = []
        try:
            for chunk in chunks_of(file):
                if chunk.kind == b"ANMF":
                    file.seek(chunk.start + 8 + 12)
                    durations.append(int.from_bytes(file.read(3), "little"))
        except Damaged as error:
            raise VideoError(f"{path}: is damaged: {error}") from None
    shown = [USUAL if duration < SHORTEST else duration for duration in durations]
    return Animation(path, shown) if len(shown) > 1 else None
