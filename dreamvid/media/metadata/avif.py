"""AVIF: the record is in an XMP packet, in a box of its own at the end of the file.

That place is XMP's for files of boxes (XMP specification, part 3, 1.1.4). As an item of the
picture it would move all pixels, whose places are written down in ways that are many.
"""

from io import BufferedIOBase

from dreamvid.media.metadata.boxes import Box, box, boxes
from dreamvid.media.metadata.pieces import Damaged, copy, exactly
from dreamvid.media.metadata.xmp import LARGEST_PACKET, packet, record_in

XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read(file: BufferedIOBase) -> bytes | None:
    found = [piece for piece in boxes(file) if _is_xmp(file, piece)]
    if not found:
        return None
    last = found[-1]
    file.seek(last.body + len(XMP))
    return record_in(exactly(file, min(last.end - last.body - len(XMP), LARGEST_PACKET)))


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    pieces = list(boxes(source))
    ours = [piece for piece in pieces if _is_xmp(source, piece)]
    kept = pieces[: -len(ours)] if ours else pieces
    if pieces[len(kept) :] != ours:
        raise Damaged("its XMP is amid its pixels")
    source.seek(kept[-1].start)
    if exactly(source, 4) == bytes(4):
        raise Damaged("its last box has no size")  # what is put behind it would be in it
    copy(source, out, 0, kept[-1].end)
    out.write(box(b"uuid", XMP, packet(record)))


def _is_xmp(file: BufferedIOBase, piece: Box) -> bool:
    file.seek(piece.body)
    return piece.kind == b"uuid" and file.read(len(XMP)) == XMP
