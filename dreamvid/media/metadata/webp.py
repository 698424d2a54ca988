"""WebP: the record in an XMP chunk at the end, which the VP8X chunk must announce.

RFC 9649. A file without VP8X (a simple still image) gets one.
"""

import struct
from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

from dreamvid.media.metadata.common import (
    MAX_PARTS,
    Damaged,
    Unfit,
    copy_range,
    read_exactly,
    size_of,
)
from dreamvid.media.metadata.xmp import MAX_PACKET, packet, record_in

XMP_FLAG, ALPHA_FLAG = 0x04, 0x10  # of VP8X
MAX_FILE = 2**32 - 2  # bytes, after the first eight


class Chunk(NamedTuple):
    """A chunk: its kind, and where it begins in the file."""

    kind: bytes
    start: int
    size: int  # of its content

    @property
    def end(self) -> int:
        return self.start + 8 + self.size + self.size % 2


def read(file: BufferedIOBase) -> bytes | None:
    for chunk in chunks_of(file):
        if chunk.kind == b"XMP " and chunk.size <= MAX_PACKET:
            file.seek(chunk.start + 8)
            return record_in(read_exactly(file, chunk.size))
    return None


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    others = [chunk for chunk in chunks_of(source) if chunk.kind != b"XMP "]
    out.write(b"RIFF\0\0\0\0WEBP")
    out.write(_encode(b"VP8X", _vp8x(source, others)))
    for chunk in others:
        if chunk.kind != b"VP8X":
            copy_range(source, out, chunk.start, chunk.end)
    out.write(_encode(b"XMP ", packet(record)))
    length = out.tell() - 8
    if length > MAX_FILE:
        raise Unfit("a WebP cannot be so large")
    out.seek(4)
    out.write(struct.pack("<I", length))
    out.seek(0, 2)


def _encode(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def chunks_of(file: BufferedIOBase) -> Iterator[Chunk]:
    """Yield the chunks of a WebP; raises Damaged."""
    at, end = 12, size_of(file)
    for _ in range(MAX_PARTS):
        if at + 8 > end:
            return
        file.seek(at)
        kind, size = struct.unpack("<4sI", read_exactly(file, 8))
        chunk = Chunk(kind, at, size)
        if chunk.end > end:
            raise Damaged(f"its chunk at byte {at} ends too soon")
        yield chunk
        at = chunk.end
    raise Damaged("it has too many chunks")


def _vp8x(file: BufferedIOBase, chunks: list[Chunk]) -> bytes:
    """Content of a VP8X chunk that announces the XMP; raises Damaged."""
    first = chunks[0] if chunks else None
    if first is None or first.kind not in (b"VP8X", b"VP8 ", b"VP8L"):
        raise Damaged("it does not begin with a picture")
    file.seek(first.start + 8)
    if first.kind == b"VP8X":
        flags, rest = struct.unpack("<B9s", read_exactly(file, 10))
        return struct.pack("<B9s", flags | XMP_FLAG, rest)
    flags, width, height = XMP_FLAG, *_size(file, first.kind)
    if first.kind == b"VP8L":
        file.seek(first.start + 12)
        flags |= ALPHA_FLAG if read_exactly(file, 1)[0] & 0x10 else 0
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes([flags, 0, 0, 0]) + sides


def _size(file: BufferedIOBase, kind: bytes) -> tuple[int, int]:
    """(width, height) from the image data at the position; RFC 6386, 9.1, and RFC 9649, 3.4."""
    if kind == b"VP8 ":
        width, height = struct.unpack("<6xHH", read_exactly(file, 10))
        width, height = width & 0x3FFF, height & 0x3FFF
    else:
        _signature, bits = struct.unpack("<BI", read_exactly(file, 5))
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if not (width and height):
        raise Damaged("it has no size")
    return width, height
