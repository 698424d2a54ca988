"""Footage of a film, as pairs of neighbouring frames."""

from collections.abc import Generator
from fractions import Fraction
from functools import partial
from pathlib import Path

from dreamvid.image import Bytes
from dreamvid.media.footage.footage import read_footage
from dreamvid.media.footage.span import WHOLE, Span
from dreamvid.media.images.background import WHITE

NEAR = 8  # frames: up to here decoding goes on, further ahead is a seek


class Clip:
    """Decoder of a film's frames, in order from any start."""

    def __init__(
        self,
        path: Path,
        *,
        fps: Fraction,
        size: tuple[int, int],
        background: str = WHITE,
        span: Span = WHOLE,
    ) -> None:
        self._read = partial(
            read_footage, path, fps=fps, size=size, background=background, span=span
        )
        self._frames: Generator[Bytes, None, None] | None = None
        self._last: tuple[int, Bytes] | None = None

    def pair(self, index: int) -> tuple[Bytes | None, Bytes]:
        """Read frame `index` and the one before it, None for the first; raises VideoError."""
        if index == 0:
            return None, self.frame(0)
        cached = self._last
        old = cached[1] if cached and cached[0] == index - 1 else self.frame(index - 1)
        return old, self.frame(index)

    def frame(self, index: int) -> Bytes:
        """Read frame `index`; raises VideoError."""
        ahead = 0 if self._last is None else index - self._last[0]
        if self._frames is None or not 1 <= ahead <= NEAR:
            self.close()
            self._frames = self._read(first=index)
            ahead = 1
        for _ in range(ahead - 1):
            next(self._frames)
        frame = next(self._frames)
        self._last = index, frame
        return frame

    def close(self) -> None:
        """Stop the decoder's thread."""
        if self._frames is not None:
            self._frames.close()
        self._frames = self._last = None
