"""MKV and WebM: the record is the film's comment, in Tags of their own at the end.

RFC 9559. The SeekHead at the file's beginning is told of them where libav left it room, so
that players which read no further know of them.
"""

import zlib
from collections.abc import Iterator
from io import BufferedIOBase, BytesIO
from typing import NamedTuple

from dreamvid.media.metadata.pieces import (
    LARGEST,
    MOST,
    Damaged,
    Unfit,
    copy,
    exactly,
    size_of,
)

SEGMENT, SEEK_HEAD, TAGS, VOID, CRC = 0x18538067, 0x114D9B74, 0x1254C367, 0xEC, 0xBF
TAG, SIMPLE, NAME, TEXT = 0x7373, 0x67C8, 0x45A3, 0x4487
TARGETS, SEEK, SEEK_ID, SEEK_PLACE = 0x63C0, 0x4DBB, 0x53AB, 0x53AC
COMMENT = b"COMMENT"
LARGEST_TAGS = 2 * LARGEST
MOST_TAGS = 16  # elements of this name that are looked at, the last ones
WIDE = 8  # bytes of a size or a place that is written over

Left = Iterator[int]
"""As many as elements may still be looked at: one count for all that is asked of a file."""


class _Element(NamedTuple):
    kind: int
    start: int
    body: int
    end: int


def read(file: BufferedIOBase) -> bytes | None:
    left = iter(range(MOST))
    segment = _segment(file, left)
    parts = _elements(file, segment.body, segment.end, left)
    tags = [part for part in parts if part.kind == TAGS]
    for part in reversed(tags[-MOST_TAGS:]):
        text = _comment(file, part, left)
        if text is not None:
            return _content(file, text)
    return None


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    left = iter(range(MOST))
    segment = _segment(source, left)
    parts = list(_elements(source, segment.body, segment.end, left))
    if segment.end != size_of(source):
        raise Unfit("something comes after its segment")
    end = segment.end
    while parts and _is_ours(source, parts[-1], left):
        end = parts.pop().start
    tags = _tags(record)
    copy(source, out, 0, end)
    out.write(tags)
    _resize(out, segment, end + len(tags) - segment.body)
    _announce(out, parts, end - segment.body, left)
    out.seek(0, 2)


def _tags(record: bytes) -> bytes:
    comment = _element(SIMPLE, _element(NAME, COMMENT), _element(TEXT, record))
    return _element(TAGS, _element(TAG, _element(TARGETS), comment))


def _element(kind: int, *contents: bytes, wide: int = 0) -> bytes:
    """An element, its size in as few bytes as do or in `wide` many."""
    data = b"".join(contents)
    wide = wide or next(n for n in range(1, 9) if len(data) < 2 ** (7 * n) - 1)
    size = (len(data) | 1 << 7 * wide).to_bytes(wide, "big")
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size + data


def _segment(file: BufferedIOBase, left: Left) -> _Element:
    """Raises Damaged where there is none."""
    for part in _elements(file, 0, size_of(file), left):
        if part.kind == SEGMENT:
            return part
    raise Damaged("it has no segment")


def _elements(file: BufferedIOBase, start: int, end: int, left: Left) -> Iterator[_Element]:
    while start < end:
        if next(left, None) is None:
            raise Damaged("it has too many elements")
        file.seek(start)
        kind, _wide = _number(file, keep_mark=True)
        size, wide = _number(file)
        body = file.tell()
        if size == 2 ** (7 * wide) - 1:  # unknown, as of a broadcast: it ends with the file
            size = end - body
        if body + size > end:
            raise Damaged(f"its element at byte {start} does not fit in")
        yield _Element(kind, start, body, body + size)
        start = body + size


def _number(file: BufferedIOBase, *, keep_mark: bool = False) -> tuple[int, int]:
    """A number whose first byte's leading zeros say how many bytes follow; and its bytes."""
    (head,) = exactly(file, 1)
    wide = 9 - head.bit_length()
    if wide > 8:
        raise Damaged("it has a number of no length")
    value = int.from_bytes(bytes([head]) + exactly(file, wide - 1), "big")
    return (value if keep_mark else value & (1 << 7 * wide) - 1), wide


def _comment(file: BufferedIOBase, tags: _Element, left: Left) -> _Element | None:
    """The text of the last comment on the film as a whole."""
    if tags.end - tags.body > LARGEST_TAGS:
        return None
    found = None
    for tag in _elements(file, tags.body, tags.end, left):
        parts = list(_elements(file, tag.body, tag.end, left)) if tag.kind == TAG else []
        if any(part.kind == TARGETS and part.end > part.body for part in parts):
            continue  # on one track, or a chapter
        for part in parts:
            fields = _fields(file, part, left) if part.kind == SIMPLE else {}
            if _is(file, fields.get(NAME), COMMENT):
                found = fields.get(TEXT)
    return found


def _fields(file: BufferedIOBase, parent: _Element, left: Left) -> dict[int, _Element]:
    return {part.kind: part for part in _elements(file, parent.body, parent.end, left)}


def _content(file: BufferedIOBase, part: _Element) -> bytes:
    file.seek(part.body)
    return exactly(file, part.end - part.body)


def _is(file: BufferedIOBase, part: _Element | None, content: bytes) -> bool:
    """Whether it holds just this; what has another length is not read."""
    if part is None or part.end - part.body != len(content):
        return False
    return _content(file, part) == content


def _is_ours(file: BufferedIOBase, part: _Element, left: Left) -> bool:
    """Whether it is Tags that hold nothing but the record."""
    text = _comment(file, part, left) if part.kind == TAGS else None
    if text is None:
        return False
    return part.end - part.start == len(_tags(bytes(text.end - text.body)))


def _resize(out: BufferedIOBase, segment: _Element, size: int) -> None:
    """Raises Unfit where the segment's size has no room for the new one."""
    out.seek(segment.start + 4)
    known, wide = _number(out)
    if known == 2 ** (7 * wide) - 1:
        return
    if size >= 2 ** (7 * wide) - 1:
        raise Unfit("its segment's size has no room for a larger one")
    out.seek(segment.start + 4)
    out.write((size | 1 << 7 * wide).to_bytes(wide, "big"))


def _announce(out: BufferedIOBase, parts: list[_Element], place: int, left: Left) -> None:
    """Put the Tags' place into the SeekHead, over the empty room after it.

    A SeekHead or a room of no usual size stays as it is.

    Args:
        place: from the beginning of the segment's content.
    """
    heads = [n for n, part in enumerate(parts) if part.kind == SEEK_HEAD]
    if not heads or heads[0] + 1 == len(parts):
        return
    head, room = parts[heads[0]], parts[heads[0] + 1]
    free = room.end - head.start if room.kind == VOID else head.end - head.start
    if free > LARGEST:
        return
    content = _content(out, head)
    entries = _without_place(content, place, left) + _seek(place)
    if content[:1] == bytes([CRC]):
        entries = _element(CRC, zlib.crc32(entries).to_bytes(4, "little")) + entries
    new = _filled(_element(SEEK_HEAD, entries), free)
    if new is not None:
        out.seek(head.start)
        out.write(new)


def _seek(place: int) -> bytes:
    kind = TAGS.to_bytes(4, "big")
    return _element(
        SEEK, _element(SEEK_ID, kind), _element(SEEK_PLACE, place.to_bytes(WIDE, "big"))
    )


def _without_place(entries: bytes, place: int, left: Left) -> bytes:
    """The entries but for Tags at or after `place`, which are older ones of ours."""
    kept = []
    file = BytesIO(entries)
    for entry in _elements(file, 0, len(entries), left):
        if entry.kind == CRC:
            continue
        fields = _fields(file, entry, left) if entry.kind == SEEK else {}
        found = fields.get(SEEK_PLACE)
        at = int.from_bytes(_content(file, found), "big") if found else 0
        if at < place or not _is(file, fields.get(SEEK_ID), TAGS.to_bytes(4, "big")):
            kept.append(entries[entry.start : entry.end])
    return b"".join(kept)


def _filled(data: bytes, length: int) -> bytes | None:
    """With an empty element behind it, so long; None where it does not fit."""
    left = length - len(data)
    if left == 0:
        return data
    if left < 2:
        return None
    wide = 1 if left < 100 else WIDE
    return data + _element(VOID, bytes(left - 1 - wide), wide=wide)
