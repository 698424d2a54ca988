"""Pictures in files, of which only the piece at work is in memory."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from dreamvid.image import OtherSizeImage

PIXEL = 12  # bytes: three float32
ZEROS = bytes(1 << 20)


@dataclass(frozen=True)
class DiskImage:
    """A picture of (height, width) pixels, or the same picture rolled, in a raw file.

    Pieces wrap round the borders. A file is mapped anew for each piece, so that memory
    holds no more of it. Raises OSError.
    """

    path: Path
    size: tuple[int, int]
    shift: tuple[int, int] = (0, 0)  # pixels down and across that it is rolled by

    def clear(self) -> "DiskImage":
        """Make it all 0, its place on the disk taken: a mapped file that finds none kills."""
        count = self.size[0] * self.size[1] * PIXEL
        with self.path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, count)
                return self
            for start in range(0, count, len(ZEROS)):
                file.write(ZEROS[: count - start])
        return self

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)

    def rolled(self, down: int, across: int) -> "DiskImage":
        """The same file, seen as `torch.roll` would roll it."""
        return replace(self, shift=(self.shift[0] + down, self.shift[1] + across))

    def read(self, top: int, left: int, height: int, width: int) -> OtherSizeImage:
        """A copy of a piece."""
        piece = np.empty((3, height, width), np.float32)
        pixels = self._mapped("r")
        for there, here in self._parts(top, left, height, width):
            piece[:, *here] = pixels[:, *there]
        return torch.from_numpy(piece)[None]

    def write(self, top: int, left: int, piece: OtherSizeImage) -> None:
        pixels, new = self._mapped("r+"), piece[0].numpy()
        for there, here in self._parts(top, left, *new.shape[1:]):
            pixels[:, *there] = new[:, *here]

    def add(self, top: int, left: int, piece: OtherSizeImage) -> None:
        pixels, more = self._mapped("r+"), piece[0].numpy()
        for there, here in self._parts(top, left, *more.shape[1:]):
            pixels[:, *there] += more[:, *here]

    def _mapped(self, mode: str) -> np.ndarray:
        return np.memmap(self.path, np.float32, mode, shape=(3, *self.size))  # type: ignore[arg-type]

    def _parts(
        self, top: int, left: int, height: int, width: int
    ) -> list[tuple[tuple[slice, slice], tuple[slice, slice]]]:
        """Where each part of a piece is in the file, and where in the piece."""
        rows = _wrapped(top - self.shift[0], height, self.size[0])
        columns = _wrapped(left - self.shift[1], width, self.size[1])
        return [((row, column), (y, x)) for row, y in rows for column, x in columns]


def _wrapped(start: int, count: int, length: int) -> list[tuple[slice, slice]]:
    """A stretch that may go on at the beginning: (where in the whole, where in the stretch)."""
    found, done = [], 0
    while done < count:
        first = (start + done) % length
        part = min(count - done, length - first)
        found.append((slice(first, first + part), slice(done, done + part)))
        done += part
    return found
