"""PNG and APNG: the record is an iTXt chunk, before a still's pixels or after an APNG's first ones.

PNG specification (third edition), 5.3, 5.6 and 11.3.3.4. libav takes a file for an APNG only if
all before its first pixels is within two kilobytes (apng_probe); else it shows one picture.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

from dreamvid.media.metadata.pieces import LARGEST, MOST, Damaged, copy, exactly, size_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"dreamvid"
PLAIN = b"\x00\x00"  # not compressed, and the only method there is


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int

    @property
    def body(self) -> tuple[int, int]:
        return self.start + 8, self.end - 4


def read(file: BufferedIOBase) -> bytes | None:
    found = None
    for chunk in _head(file):
        if _is_text(file, chunk):
            found = chunk
    if found is None:
        return None
    file.seek(found.body[0] + len(KEYWORD) + 1)
    rest = exactly(file, found.body[1] - file.tell())
    flags, (_language, _translated, text) = rest[:2], _after_two_names(rest[2:])
    return _unpacked(text) if flags[:1] == b"\x01" else text


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    chunks = list(_head(source))
    if not chunks or chunks[0].kind != b"IHDR":
        raise Damaged("it has no header")
    data = KEYWORD + b"\0" + PLAIN + b"\0\0" + record
    out.write(SIGNATURE)
    for chunk in chunks:
        if not _is_text(source, chunk):
            copy(source, out, chunk.start, chunk.end)
    out.write(struct.pack(">I", len(data)) + b"iTXt" + data)
    out.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(b"iTXt"))))
    copy(source, out, chunks[-1].end, size_of(source))


def _head(file: BufferedIOBase) -> Iterator[_Chunk]:
    """The chunks after which the record belongs; raises Damaged."""
    at, end = len(SIGNATURE), size_of(file)
    seen = set()
    for _ in range(MOST):
        file.seek(at)
        length, kind = struct.unpack(">I4s", exactly(file, 8))
        if _is_over(kind, seen):
            return
        chunk = _Chunk(kind, at, at + length + 12)
        if chunk.end > end:
            raise Damaged(f"its chunk at byte {at} ends too soon")
        yield chunk
        seen.add(kind)
        at = chunk.end
    raise Damaged("it has too many chunks")


def _is_over(kind: bytes, seen: set[bytes]) -> bool:
    """Whether this chunk is no longer of the head, after chunks of the kinds that were seen."""
    if b"acTL" not in seen:
        return kind in (b"IDAT", b"IEND")
    return kind == b"IEND" or (kind in (b"fcTL", b"fdAT") and b"IDAT" in seen)


def _is_text(file: BufferedIOBase, chunk: _Chunk) -> bool:
    """Whether it is a record that is small enough to be read."""
    start, end = chunk.body
    if chunk.kind != b"iTXt" or not len(KEYWORD) + 5 < end - start < LARGEST + 100:
        return False
    file.seek(start)
    return exactly(file, len(KEYWORD) + 1) == KEYWORD + b"\0"


def _after_two_names(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The language and the translated keyword, each ended by a zero, and the text."""
    parts = data.split(b"\0", 2)
    if len(parts) != 3:
        raise Damaged("its text chunk has no text")
    return parts[0], parts[1], parts[2]


def _unpacked(text: bytes) -> bytes:
    """Of a chunk that another program compressed; never more than a record may have."""
    packed = zlib.decompressobj()
    try:
        plain = packed.decompress(text, LARGEST + 1)
    except zlib.error:
        raise Damaged("its text chunk cannot be unpacked") from None
    if len(plain) > LARGEST:
        raise Damaged("its text chunk is too large")
    return plain
