"""PNG and APNG: the record in an iTXt chunk, before a still's pixels or after an APNG's first ones.

PNG specification (third edition), 5.3, 5.6 and 11.3.3.4. libav detects an APNG only if everything
before its first pixels is within two kilobytes (apng_probe); else it shows one image.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BufferedIOBase

from dreamvid.media.metadata.common import (
    MAX_PARTS,
    MAX_RECORD,
    Damaged,
    Part,
    copy_range,
    read_exactly,
    size_of,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"dreamvid"
CRC = 4  # bytes of the checksum at the end of a chunk
UNCOMPRESSED = b"\x00\x00"  # compression flag, and the only compression method


def read(file: BufferedIOBase) -> bytes | None:
    last = None
    for chunk in _head(file):
        if _is_record(file, chunk):
            last = chunk
    if last is None:
        return None
    file.seek(last.body + len(KEYWORD) + 1)
    rest = read_exactly(file, last.end - CRC - file.tell())
    flags, text = rest[:2], _after_two_names(rest[2:])
    return _decompress(text) if flags[:1] == b"\x01" else text


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    chunks = list(_head(source))
    if not chunks or chunks[0].kind != b"IHDR":
        raise Damaged("it has no header")
    data = KEYWORD + b"\0" + UNCOMPRESSED + b"\0\0" + record
    out.write(SIGNATURE)
    for chunk in chunks:
        if not _is_record(source, chunk):
            copy_range(source, out, chunk.start, chunk.end)
    out.write(struct.pack(">I", len(data)) + b"iTXt" + data)
    out.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(b"iTXt"))))
    copy_range(source, out, chunks[-1].end, size_of(source))


def _head(file: BufferedIOBase) -> Iterator[Part]:
    at, end = len(SIGNATURE), size_of(file)
    kinds = set()
    for _ in range(MAX_PARTS):
        file.seek(at)
        length, kind = struct.unpack(">I4s", read_exactly(file, 8))
        if _ends_head(kind, kinds):
            return
        chunk = Part(kind, at, at + 8, at + length + 12)
        if chunk.end > end:
            raise Damaged(f"its chunk at byte {at} ends too soon")
        yield chunk
        kinds.add(kind)
        at = chunk.end
    raise Damaged("it has too many chunks")


def _ends_head(kind: bytes, earlier: set[bytes]) -> bool:
    """Detect the first chunk behind the head by its kind and the earlier ones."""
    if b"acTL" not in earlier:
        return kind in (b"IDAT", b"IEND")
    return kind == b"IEND" or (kind in (b"fcTL", b"fdAT") and b"IDAT" in earlier)


def _is_record(file: BufferedIOBase, chunk: Part) -> bool:
    """Detect a record that is small enough to be read."""
    size = chunk.end - CRC - chunk.body
    if chunk.kind != b"iTXt" or not len(KEYWORD) + 5 < size < MAX_RECORD + 100:
        return False
    file.seek(chunk.body)
    return read_exactly(file, len(KEYWORD) + 1) == KEYWORD + b"\0"


def _after_two_names(data: bytes) -> bytes:
    """Text behind the language tag and the translated keyword, each ended by a zero byte."""
    parts = data.split(b"\0", 2)
    if len(parts) != 3:
        raise Damaged("its text chunk has no text")
    return parts[2]


def _decompress(text: bytes) -> bytes:
    """Decompress the text of another program's chunk, up to the size of a record."""
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(text, MAX_RECORD + 1)
    except zlib.error:
        raise Damaged("its text chunk cannot be unpacked") from None
    if len(data) > MAX_RECORD:
        raise Damaged("its text chunk is too large")
    return data
