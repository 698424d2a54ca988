"""AVIF: the record in an XMP packet, in a uuid box at the end of the file.

The place of XMP in files of boxes (XMP specification, part 3, 1.1.4). As an item of the image it
would move all pixel data, whose offsets AVIF can store in many ways.
"""

from io import BufferedIOBase

from dreamvid.media.metadata.boxes import box, boxes
from dreamvid.media.metadata.common import Damaged, Part, copy_range, read_exactly
from dreamvid.media.metadata.xmp import MAX_PACKET, packet, record_in

XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read(file: BufferedIOBase) -> bytes | None:
    packets = [part for part in boxes(file) if _is_xmp(file, part)]
    if not packets:
        return None
    last = packets[-1]
    file.seek(last.body + len(XMP))
    return record_in(read_exactly(file, min(last.end - last.body - len(XMP), MAX_PACKET)))


def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None:
    parts = list(boxes(source))
    packets = [part for part in parts if _is_xmp(source, part)]
    others = parts[: -len(packets)] if packets else parts
    if parts[len(others) :] != packets:
        raise Damaged("its XMP is amid its pixels")
    source.seek(others[-1].start)
    if read_exactly(source, 4) == bytes(4):
        raise Damaged("its last box has no size")  # it would swallow what is appended
    copy_range(source, out, 0, others[-1].end)
    out.write(box(b"uuid", XMP, packet(record)))


def _is_xmp(file: BufferedIOBase, part: Part) -> bool:
    file.seek(part.body)
    return part.kind == b"uuid" and file.read(len(XMP)) == XMP
