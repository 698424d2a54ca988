"""Boxes (atoms), the units of MP4, MOV and AVIF files. ISO 14496-12, 4.2."""

import struct
from collections.abc import Iterator
from io import BufferedIOBase

from dreamvid.media.metadata.common import MAX_PARTS, Damaged, Part, read_exactly, size_of


def boxes(file: BufferedIOBase, start: int = 0, end: int | None = None) -> Iterator[Part]:
    """Iterate over the boxes between two offsets of a file; raises Damaged where one overflows."""
    end = size_of(file) if end is None else end
    for _ in range(MAX_PARTS):
        if start + 8 > end:  # QuickTime ends some lists with four zero bytes
            return
        file.seek(start)
        size, kind = struct.unpack(">I4s", read_exactly(file, 8))
        body = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", read_exactly(file, 8))
            body += 8
        size = size or end - start  # 0: up to the end
        if start + size > end or size < body - start:
            raise Damaged(f"its box at byte {start} does not fit in")
        yield Part(kind, start, body, start + size)
        start += size
    raise Damaged("it has too many boxes")


def first(file: BufferedIOBase, kind: bytes, start: int, end: int) -> Part | None:
    return next((box for box in boxes(file, start, end) if box.kind == kind), None)


def box(kind: bytes, *contents: bytes) -> bytes:
    data = b"".join(contents)
    return struct.pack(">I4s", len(data) + 8, kind) + data
