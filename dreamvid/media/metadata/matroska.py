"""MKV and WebM: the record as the film's comment, in a Tags element at the end.

RFC 9559. The SeekHead at the beginning gets an entry for it where libav left space, since players
that do not read to the end find it there.
"""

import zlib
from collections.abc import Iterator
from io import BufferedIOBase, BytesIO

from dreamvid.media.metadata.common import (
    MAX_PARTS,
    MAX_RECORD,
    Damaged,
    Part,
    Unfit,
    copy_range,
    read_exactly,
    size_of,
)

SEGMENT, SEEK_HEAD, TAGS, VOID, CRC = 0x18538067, 0x114D9B74, 0x1254C367, 0xEC, 0xBF
TAG, SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x7373, 0x67C8, 0x45A3, 0x4487
TARGETS, SEEK, SEEK_ID, SEEK_POSITION = 0x63C0, 0x4DBB, 0x53AB, 0x53AC
COMMENT = b"COMMENT"
MAX_TAGS_SIZE = 2 * MAX_RECORD
MAX_TAGS = 16  # Tags elements that are searched, the last ones
FIXED_WIDTH = 8  # bytes of a size or an offset that is overwritten later

Budget = Iterator[int]
"""Elements that may still be visited, shared by all reads of one file."""


def read(file: BufferedIOBase) -> bytes | None:
    budget = iter(range(MAX_PARTS))
    segment = _segment(file, budget)
    parts = _elements(file, segment.body, segment.end, budget)
    tags = [part for part in parts if part.kind == TAGS]
    for part in reversed(tags[-MAX_TAGS:]):
        text = _comment(file, part, budget)
        if text is not None:
            return _content(file, text)
    return None


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    budget = iter(range(MAX_PARTS))
    segment = _segment(source, budget)
    parts = list(_elements(source, segment.body, segment.end, budget))
    if segment.end != size_of(source):
        raise Unfit("something comes after its segment")
    end = segment.end
    while parts and _is_record(source, parts[-1], budget):
        end = parts.pop().start
    tags = _tags(record)
    copy_range(source, out, 0, end)
    out.write(tags)
    _resize(out, segment, end + len(tags) - segment.body)
    _add_to_seek_head(out, parts, end - segment.body, budget)
    out.seek(0, 2)


def _tags(record: bytes) -> bytes:
    comment = _element(SIMPLE_TAG, _element(TAG_NAME, COMMENT), _element(TAG_STRING, record))
    return _element(TAGS, _element(TAG, _element(TARGETS), comment))


def _element(kind: int, *contents: bytes, width: int = 0) -> bytes:
    """Encode an element, its size in `width` bytes or as few as hold it."""
    data = b"".join(contents)
    width = width or next(n for n in range(1, 9) if len(data) < 2 ** (7 * n) - 1)
    size = (len(data) | 1 << 7 * width).to_bytes(width, "big")
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size + data


def _segment(file: BufferedIOBase, budget: Budget) -> Part:
    """Find the segment; raises Damaged where there is none."""
    for part in _elements(file, 0, size_of(file), budget):
        if part.kind == SEGMENT:
            return part
    raise Damaged("it has no segment")


def _elements(file: BufferedIOBase, start: int, end: int, budget: Budget) -> Iterator[Part]:
    while start < end:
        if next(budget, None) is None:
            raise Damaged("it has too many elements")
        file.seek(start)
        kind, _width = _number(file, keep_marker=True)
        size, width = _number(file)
        body = file.tell()
        if size == 2 ** (7 * width) - 1:  # unknown, as of a broadcast: up to the end
            size = end - body
        if body + size > end:
            raise Damaged(f"its element at byte {start} does not fit in")
        yield Part(kind, start, body, body + size)
        start = body + size


def _number(file: BufferedIOBase, *, keep_marker: bool = False) -> tuple[int, int]:
    """Read a variable-length integer (RFC 8794, 4); returns its value and its width in bytes."""
    (head,) = read_exactly(file, 1)
    width = 9 - head.bit_length()
    if width > 8:
        raise Damaged("it has a number of no length")
    value = int.from_bytes(bytes([head]) + read_exactly(file, width - 1), "big")
    return (value if keep_marker else value & (1 << 7 * width) - 1), width


def _comment(file: BufferedIOBase, tags: Part, budget: Budget) -> Part | None:
    """Find the string of the last comment on the film as a whole."""
    if tags.end - tags.body > MAX_TAGS_SIZE:
        return None
    comment = None
    for tag in _elements(file, tags.body, tags.end, budget):
        parts = list(_elements(file, tag.body, tag.end, budget)) if tag.kind == TAG else []
        if any(part.kind == TARGETS and part.end > part.body for part in parts):
            continue  # on one track, or a chapter
        for part in parts:
            fields = _fields(file, part, budget) if part.kind == SIMPLE_TAG else {}
            if _has_content(file, fields.get(TAG_NAME), COMMENT):
                comment = fields.get(TAG_STRING)
    return comment


def _fields(file: BufferedIOBase, parent: Part, budget: Budget) -> dict[bytes | int, Part]:
    return {part.kind: part for part in _elements(file, parent.body, parent.end, budget)}


def _content(file: BufferedIOBase, part: Part) -> bytes:
    file.seek(part.body)
    return read_exactly(file, part.end - part.body)


def _has_content(file: BufferedIOBase, part: Part | None, content: bytes) -> bool:
    """Compare an element's content, reading it only if the length matches."""
    if part is None or part.end - part.body != len(content):
        return False
    return _content(file, part) == content


def _is_record(file: BufferedIOBase, part: Part, budget: Budget) -> bool:
    """Detect a Tags element with nothing but a record."""
    text = _comment(file, part, budget) if part.kind == TAGS else None
    if text is None:
        return False
    return part.end - part.start == len(_tags(bytes(text.end - text.body)))


def _resize(out: BufferedIOBase, segment: Part, size: int) -> None:
    """Overwrite the segment's size; raises Unfit where the new one needs more bytes."""
    out.seek(segment.start + 4)
    old, width = _number(out)
    if old == 2 ** (7 * width) - 1:
        return
    if size >= 2 ** (7 * width) - 1:
        raise Unfit("its segment's size has no room for a larger one")
    out.seek(segment.start + 4)
    out.write((size | 1 << 7 * width).to_bytes(width, "big"))


def _add_to_seek_head(
    out: BufferedIOBase, parts: list[Part], position: int, budget: Budget
) -> None:
    """Add the Tags' position in the segment's content to the SeekHead, in the Void after it.

    A SeekHead without enough space, or with an unusual amount of it, stays as it is.
    """
    heads = [n for n, part in enumerate(parts) if part.kind == SEEK_HEAD]
    if not heads or heads[0] + 1 == len(parts):
        return
    head, void = parts[heads[0]], parts[heads[0] + 1]
    space = void.end - head.start if void.kind == VOID else head.end - head.start
    if space > MAX_RECORD:
        return
    content = _content(out, head)
    entries = _without_tags(content, position, budget) + _seek(position)
    if content[:1] == bytes([CRC]):
        entries = _element(CRC, zlib.crc32(entries).to_bytes(4, "little")) + entries
    new = _filled(_element(SEEK_HEAD, entries), space)
    if new is not None:
        out.seek(head.start)
        out.write(new)


def _seek(position: int) -> bytes:
    kind, at = TAGS.to_bytes(4, "big"), position.to_bytes(FIXED_WIDTH, "big")
    return _element(SEEK, _element(SEEK_ID, kind), _element(SEEK_POSITION, at))


def _without_tags(entries: bytes, position: int, budget: Budget) -> bytes:
    """Remove the entries for Tags at or behind `position`, which are older records."""
    others = []
    file = BytesIO(entries)
    for entry in _elements(file, 0, len(entries), budget):
        if entry.kind == CRC:
            continue
        fields = _fields(file, entry, budget) if entry.kind == SEEK else {}
        field = fields.get(SEEK_POSITION)
        at = int.from_bytes(_content(file, field), "big") if field else 0
        if at < position or not _has_content(file, fields.get(SEEK_ID), TAGS.to_bytes(4, "big")):
            others.append(entries[entry.start : entry.end])
    return b"".join(others)


def _filled(data: bytes, length: int) -> bytes | None:
    """Pad to `length` with a Void element; None where that is impossible."""
    left = length - len(data)
    if left == 0:
        return data
    if left < 2:
        return None
    width = 1 if left < 100 else FIXED_WIDTH
    return data + _element(VOID, bytes(left - 1 - width), width=width)
