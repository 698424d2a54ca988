"""MP4 and MOV: the record as the comment that iTunes and other programs show.

moov/udta/meta/ilst/©cmt, which no standard has but all programs read. The pictures stay byte for
byte; where they follow the index, its chunk offsets are moved.
"""

import struct
from collections.abc import Iterator
from io import BufferedIOBase, BytesIO

import numpy as np

from dreamvid.media.metadata.boxes import box, boxes, first
from dreamvid.media.metadata.common import (
    MAX_RECORD,
    Damaged,
    Part,
    Unfit,
    copy_range,
    read_exactly,
    size_of,
)

COMMENT = b"\xa9cmt"
UTF8 = struct.pack(">II", 1, 0)  # type UTF-8, no country
HANDLER = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
MAX_INDEX = 2**29  # bytes of moov; ten million frames have about 200 MB


def read(file: BufferedIOBase) -> bytes | None:
    index = first(file, b"moov", 0, size_of(file))
    user = index and first(file, b"udta", index.body, index.end)
    if user is None:
        return None
    meta = first(file, b"meta", user.body, user.end)
    items = meta and first(file, b"ilst", meta.body + 4, meta.end)
    comment = items and first(file, COMMENT, items.body, items.end)
    data = comment and first(file, b"data", comment.body, comment.end)
    if data and 8 < data.end - data.body <= MAX_RECORD + 8:
        file.seek(data.body + 8)
        return read_exactly(file, data.end - file.tell())
    return _quicktime_comment(file, user)


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    parts = list(boxes(source))
    index = [part for part in parts if part.kind == b"moov"]
    if len(index) != 1:
        raise Damaged("it has no index, or several")
    if any(part.kind in (b"moof", b"mfra") for part in parts):
        raise Unfit("it is in fragments, whose places are written down in ways that are many")
    if any(part.kind == b"meta" for part in parts):
        raise Unfit("it is a picture as well, whose places are written down in ways that are many")
    old = index[0]
    if old.end - old.start > MAX_INDEX:
        raise Unfit("its index is too large")
    source.seek(old.body)
    content = read_exactly(source, old.end - old.body)
    new = _with_comment(content, record)
    growth = len(new) + 8 - (old.end - old.start)
    _move_offsets(new, old.end, growth)
    copy_range(source, out, 0, old.start)
    out.write(box(b"moov", bytes(new)))
    copy_range(source, out, old.end, size_of(source))


def _quicktime_comment(file: BufferedIOBase, user: Part) -> bytes | None:
    """Read a QuickTime comment, which holds 65,535 bytes at most."""
    comment = first(file, COMMENT, user.body, user.end)
    if comment is None or comment.end - comment.body < 4:
        return None
    file.seek(comment.body)
    length, _language = struct.unpack(">HH", read_exactly(file, 4))
    return read_exactly(file, min(length, comment.end - comment.body - 4))


def _with_comment(content: bytes, record: bytes) -> bytearray:
    """Put the record into moov's content, in place of any comment."""
    file = BytesIO(content)
    parts = list(boxes(file))
    user = [part for part in parts if part.kind == b"udta"]
    others = [content[part.start : part.end] for part in parts if part not in user]
    user_data, items = [], []
    for part in _children(file, user):
        if part.kind == b"meta":
            items += _other_items(content, part)
        elif part.kind != COMMENT:
            user_data.append(content[part.start : part.end])
    comment = box(COMMENT, box(b"data", UTF8, record))
    meta = box(b"meta", bytes(4), HANDLER, box(b"ilst", *items, comment))
    return bytearray(b"".join(others) + box(b"udta", *user_data, meta))


def _children(file: BufferedIOBase, parents: list[Part]) -> Iterator[Part]:
    for parent in parents:
        yield from boxes(file, parent.body, parent.end)


def _other_items(content: bytes, meta: Part) -> list[bytes]:
    file = BytesIO(content)
    items = first(file, b"ilst", meta.body + 4, meta.end)
    children = _children(file, [items] if items else [])
    return [content[item.start : item.end] for item in children if item.kind != COMMENT]


def _move_offsets(content: bytearray, behind: int, distance: int) -> None:
    """Add `distance` to the chunk offsets in moov's content that are `behind` or more."""
    file = BytesIO(content)
    tables = [Part(b"moov", 0, 0, len(content))]
    for kinds in ((b"trak",), (b"mdia",), (b"minf",), (b"stbl",), (b"stco", b"co64")):
        tables = [part for part in _children(file, tables) if part.kind in kinds]
    if not tables:
        raise Damaged("its index tells of no pictures")
    for table in tables:
        dtype = np.dtype(">u4" if table.kind == b"stco" else ">u8")
        file.seek(table.body + 4)
        (count,) = struct.unpack(">I", read_exactly(file, 4))
        start = table.body + 8
        if start + count * dtype.itemsize > table.end:
            raise Damaged("its index is cut short")
        offsets = np.frombuffer(content, dtype, count, start).astype(np.uint64)
        offsets[offsets >= behind] += np.uint64(distance % 2**64)
        if count and offsets.max() > np.iinfo(dtype).max:
            raise Unfit("its index has no room for places so far on")
        content[start : start + count * dtype.itemsize] = offsets.astype(dtype).tobytes()
