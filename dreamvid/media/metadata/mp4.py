"""MP4 and MOV: the record is the comment that iTunes and others show.

moov/udta/meta/ilst/©cmt, which has no standard but is what all programs read. Not a byte of the
pictures changes; where they come after the index, it is told that they have moved.
"""

import struct
from collections.abc import Iterator
from io import BufferedIOBase, BytesIO

import numpy as np

from dreamvid.media.metadata.boxes import Box, box, boxes, first
from dreamvid.media.metadata.pieces import LARGEST, Damaged, Unfit, copy, exactly, size_of

COMMENT = b"\xa9cmt"
TEXT = struct.pack(">II", 1, 0)  # UTF-8, of no country
HANDLER = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
LARGEST_INDEX = 2**29  # bytes of moov; ten million pictures have about 200 MB


def read(file: BufferedIOBase) -> bytes | None:
    index = first(file, b"moov", 0, size_of(file))
    user = index and first(file, b"udta", index.body, index.end)
    if user is None:
        return None
    meta = first(file, b"meta", user.body, user.end)
    items = meta and first(file, b"ilst", meta.body + 4, meta.end)
    comment = items and first(file, COMMENT, items.body, items.end)
    data = comment and first(file, b"data", comment.body, comment.end)
    if data and 8 < data.end - data.body <= LARGEST + 8:
        file.seek(data.body + 8)
        return exactly(file, data.end - file.tell())
    return _quicktime(file, user)


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    pieces = list(boxes(source))
    index = [piece for piece in pieces if piece.kind == b"moov"]
    if len(index) != 1:
        raise Damaged("it has no index, or several")
    if any(piece.kind in (b"moof", b"mfra") for piece in pieces):
        raise Unfit("it is in fragments, whose places are written down in ways that are many")
    if any(piece.kind == b"meta" for piece in pieces):
        raise Unfit("it is a picture as well, whose places are written down in ways that are many")
    old = index[0]
    if old.end - old.start > LARGEST_INDEX:
        raise Unfit("its index is too large")
    source.seek(old.body)
    content = exactly(source, old.end - old.body)
    new = _with_comment(content, record)
    longer = len(new) + 8 - (old.end - old.start)
    _move(new, old.end, longer)
    copy(source, out, 0, old.start)
    out.write(box(b"moov", bytes(new)))
    copy(source, out, old.end, size_of(source))


def _quicktime(file: BufferedIOBase, user: Box) -> bytes | None:
    """A comment as older MOVs have it: of at most 65,535 bytes."""
    comment = first(file, COMMENT, user.body, user.end)
    if comment is None or comment.end - comment.body < 4:
        return None
    file.seek(comment.body)
    length, _language = struct.unpack(">HH", exactly(file, 4))
    return exactly(file, min(length, comment.end - comment.body - 4))


def _with_comment(content: bytes, record: bytes) -> bytearray:
    """moov's content, with the record for whatever comment it had."""
    file = BytesIO(content)
    parts = list(boxes(file))
    user = [part for part in parts if part.kind == b"udta"]
    others = [content[part.start : part.end] for part in parts if part not in user]
    kept, items = [], []
    for part in _inside(file, user):
        if part.kind == b"meta":
            items += _items(content, part)
        elif part.kind != COMMENT:
            kept.append(content[part.start : part.end])
    comment = box(COMMENT, box(b"data", TEXT, record))
    meta = box(b"meta", bytes(4), HANDLER, box(b"ilst", *items, comment))
    return bytearray(b"".join(others) + box(b"udta", *kept, meta))


def _inside(file: BufferedIOBase, parents: list[Box]) -> Iterator[Box]:
    for parent in parents:
        yield from boxes(file, parent.body, parent.end)


def _items(content: bytes, meta: Box) -> list[bytes]:
    """What else is told of the film."""
    file = BytesIO(content)
    found = first(file, b"ilst", meta.body + 4, meta.end)
    inside = _inside(file, [found] if found else [])
    return [content[item.start : item.end] for item in inside if item.kind != COMMENT]


def _move(content: bytearray, behind: int, distance: int) -> None:
    """Tell moov's content that all of the file from `behind` on is `distance` further on."""
    file = BytesIO(content)
    tables = [Box(b"moov", 0, 0, len(content))]
    for kinds in ((b"trak",), (b"mdia",), (b"minf",), (b"stbl",), (b"stco", b"co64")):
        tables = [part for part in _inside(file, tables) if part.kind in kinds]
    if not tables:
        raise Damaged("its index tells of no pictures")
    for part in tables:
        number = np.dtype(">u4" if part.kind == b"stco" else ">u8")
        file.seek(part.body + 4)
        (count,) = struct.unpack(">I", exactly(file, 4))
        if part.body + 8 + count * number.itemsize > part.end:
            raise Damaged("its index is cut short")
        places = np.frombuffer(content, number, count, part.body + 8)
        moved = places.astype(np.uint64)
        moved[moved >= behind] += np.uint64(distance % 2**64)
        if count and moved.max() > np.iinfo(number).max:
            raise Unfit("its index has no room for places so far on")
        at = part.body + 8
        content[at : at + count * number.itemsize] = moved.astype(number).tobytes()
