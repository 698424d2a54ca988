"""GIF: the record in a comment extension before the first image. GIF89a, 24."""

from collections.abc import Iterator
from io import BufferedIOBase

from dreamvid.media.metadata.common import (
    MAX_RECORD,
    Damaged,
    Part,
    copy_range,
    read_exactly,
    size_of,
)

JSON_START = b"{"  # tells a record from the comments of other programs
COMMENT, APPLICATION = b"!\xfe", b"!\xff"
MAX_EXTENSIONS = 100  # before the first image
SUB_BLOCK = 255  # bytes at most


def read(file: BufferedIOBase) -> bytes | None:
    record = None
    for extension in _extensions(file):
        if extension.kind == COMMENT:
            text = _text(file, extension)
            record = text if text.startswith(JSON_START) else record
    return record


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    extensions = list(_extensions(source))
    start = _header_end(source)
    copy_range(source, out, 0, 3)
    out.write(b"89a")  # 87a had no extensions
    copy_range(source, out, 6, start)
    for extension in extensions:  # browsers want the loop count first
        old = extension.kind == COMMENT and _text(source, extension).startswith(JSON_START)
        if extension.kind in (COMMENT, APPLICATION) and not old:
            copy_range(source, out, extension.start, extension.end)
    out.write(COMMENT)
    for at in range(0, len(record), SUB_BLOCK):
        block = record[at : at + SUB_BLOCK]
        out.write(bytes([len(block)]) + block)
    out.write(b"\0")
    for extension in extensions:
        if extension.kind not in (COMMENT, APPLICATION):
            copy_range(source, out, extension.start, extension.end)
    copy_range(source, out, extensions[-1].end if extensions else start, size_of(source))


def _header_end(file: BufferedIOBase) -> int:
    """Offset behind the header, the screen descriptor and the global colour table."""
    file.seek(10)
    (flags,) = read_exactly(file, 1)
    return 13 + (3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0)


def _extensions(file: BufferedIOBase) -> Iterator[Part]:
    at = _header_end(file)
    for _ in range(MAX_EXTENSIONS):
        file.seek(at)
        if file.read(1) != b"!":
            return
        kind = b"!" + read_exactly(file, 1)
        for length in _sub_block_lengths(file):
            file.seek(length, 1)
        yield Part(kind, at, at + 2, file.tell())
        at = file.tell()
    raise Damaged("it has too many extensions before its pictures")


def _sub_block_lengths(file: BufferedIOBase) -> Iterator[int]:
    """Yield the length of each sub-block; the caller reads or skips its bytes before the next."""
    for _ in range(2 * MAX_RECORD // SUB_BLOCK):
        (length,) = read_exactly(file, 1)
        if length == 0:
            return
        yield length
    raise Damaged("its extension is too large")


def _text(file: BufferedIOBase, extension: Part) -> bytes:
    file.seek(extension.body)
    return b"".join(read_exactly(file, length) for length in _sub_block_lengths(file))
