"""Images in files, read and written piece by piece."""

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
    """An image of (height, width) pixels, or the same image rolled, in a raw file.

    Pieces wrap round the borders. The file is mapped anew for each piece, so that memory
    holds no more of it. Methods raise OSError.
    """

    path: Path
    size: tuple[int, int]
    shift: tuple[int, int] = (0, 0)  # pixels down and across that it is rolled by

    def clear(self) -> "DiskImage":
        """Fill with 0, allocating the file: writing to a mapped hole of a full disk kills."""
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
        """View the same file as `torch.roll` would roll it."""
        return replace(self, shift=(self.shift[0] + down, self.shift[1] + across))

    def read(self, top: int, left: int, height: int, width: int) -> OtherSizeImage:
        """Copy a piece into memory."""
        piece = np.empty((3, height, width), np.float32)
        pixels = self._mapped("r")
        for in_file, in_piece in self._parts(top, left, height, width):
            piece[:, *in_piece] = pixels[:, *in_file]
        return torch.from_numpy(piece)[None]

    def write(self, top: int, left: int, piece: OtherSizeImage) -> None:
        pixels, new = self._mapped("r+"), piece[0].numpy()
        for in_file, in_piece in self._parts(top, left, *new.shape[1:]):
            pixels[:, *in_file] = new[:, *in_piece]

    def add(self, top: int, left: int, piece: OtherSizeImage) -> None:
        pixels, more = self._mapped("r+"), piece[0].numpy()
        for in_file, in_piece in self._parts(top, left, *more.shape[1:]):
            pixels[:, *in_file] += more[:, *in_piece]

    def _mapped(self, mode: str) -> np.ndarray:
        return np.memmap(self.path, np.float32, mode, shape=(3, *self.size))  # type: ignore[arg-type]

    def _parts(
        self, top: int, left: int, height: int, width: int
    ) -> list[tuple[tuple[slice, slice], tuple[slice, slice]]]:
        """Split a piece where it wraps: ((rows, columns) in the file, those in the piece)."""
        rows = _wrap(top - self.shift[0], height, self.size[0])
        columns = _wrap(left - self.shift[1], width, self.size[1])
        return [((row, column), (y, x)) for row, y in rows for column, x in columns]


def _wrap(start: int, count: int, length: int) -> list[tuple[slice, slice]]:
    """Split a stretch that may go on at the beginning: (in the whole, in the stretch)."""
    parts, done = [], 0
    while done < count:
        first = (start + done) % length
        part = min(count - done, length - first)
        parts.append((slice(first, first + part), slice(done, done + part)))
        done += part
    return parts
