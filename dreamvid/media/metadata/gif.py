"""GIF: the record is a comment extension before the first picture. GIF89a, 24."""

from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

from dreamvid.media.metadata.pieces import LARGEST, Damaged, copy, exactly, size_of

MARK = b"{"  # with which a record begins, and hardly a comment of another's
COMMENT, APPLICATION = b"!\xfe", b"!\xff"
MOST_EXTENSIONS = 100  # before the first picture
SUB_BLOCK = 255  # bytes at most


class _Extension(NamedTuple):
    kind: bytes
    start: int
    end: int


def read(file: BufferedIOBase) -> bytes | None:
    found = None
    for extension in _before_pictures(file):
        if extension.kind == COMMENT:
            text = _text(file, extension)
            found = text if text.startswith(MARK) else found
    return found


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    extensions = list(_before_pictures(source))
    start = _colours_end(source)
    copy(source, out, 0, 3)
    out.write(b"89a")  # 87a had no extensions
    copy(source, out, 6, start)
    for extension in extensions:  # browsers want the one that says how often to loop first
        ours = extension.kind == COMMENT and _text(source, extension).startswith(MARK)
        if extension.kind in (COMMENT, APPLICATION) and not ours:
            copy(source, out, extension.start, extension.end)
    out.write(COMMENT)
    for at in range(0, len(record), SUB_BLOCK):
        part = record[at : at + SUB_BLOCK]
        out.write(bytes([len(part)]) + part)
    out.write(b"\0")
    for extension in extensions:
        if extension.kind not in (COMMENT, APPLICATION):
            copy(source, out, extension.start, extension.end)
    copy(source, out, extensions[-1].end if extensions else start, size_of(source))


def _colours_end(file: BufferedIOBase) -> int:
    """Where the header, the screen and the colours of all pictures are over."""
    file.seek(10)
    (flags,) = exactly(file, 1)
    return 13 + (3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0)


def _before_pictures(file: BufferedIOBase) -> Iterator[_Extension]:
    at = _colours_end(file)
    for _ in range(MOST_EXTENSIONS):
        file.seek(at)
        if file.read(1) != b"!":
            return
        kind = b"!" + exactly(file, 1)
        for length in _sub_blocks(file):
            file.seek(length, 1)
        yield _Extension(kind, at, file.tell())
        at = file.tell()
    raise Damaged("it has too many extensions before its pictures")


def _sub_blocks(file: BufferedIOBase) -> Iterator[int]:
    """The lengths of the blocks whose bytes come next; who is told one reads or skips them."""
    for _ in range(2 * LARGEST // SUB_BLOCK):
        (length,) = exactly(file, 1)
        if length == 0:
            return
        yield length
    raise Damaged("its extension is too large")


def _text(file: BufferedIOBase, extension: _Extension) -> bytes:
    file.seek(extension.start + 2)
    return b"".join(exactly(file, length) for length in _sub_blocks(file))
