"""Limits, errors and byte helpers that the readers and writers of all file formats share."""

from io import BufferedIOBase
from typing import NamedTuple

MAX_RECORD = 2**20  # bytes; a usual record has three thousand
COPY_BLOCK = 2**20  # bytes copied at once
MAX_PARTS = 100_000  # boxes, chunks or elements visited; a hostile file could have millions


class Part(NamedTuple):
    """A box, chunk or element of a file: offsets of its start, its content and its end."""

    kind: bytes | int  # an int in Matroska
    start: int
    body: int
    end: int


class Damaged(Exception):
    """A file that does not follow the format its first bytes announce; the text says where."""


class Unfit(Exception):
    """An intact file that a record cannot be written into; the text says why."""


def read_exactly(file: BufferedIOBase, count: int) -> bytes:
    """Read `count` bytes from the current position; raises Damaged where the file ends before."""
    data = file.read(count)
    if len(data) != count:
        raise Damaged("it ends too soon")
    return data


def size_of(file: BufferedIOBase) -> int:
    """Size in bytes; the position stays."""
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end


def copy_range(source: BufferedIOBase, out: BufferedIOBase, start: int, end: int) -> None:
    """Copy bytes [start, end) block by block; raises Damaged where the source ends before."""
    source.seek(start)
    for at in range(start, end, COPY_BLOCK):
        out.write(read_exactly(source, min(COPY_BLOCK, end - at)))
