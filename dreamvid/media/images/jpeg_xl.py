"""Size of a JPEG XL file, read before it is decoded."""

from io import BufferedIOBase
from pathlib import Path

from dreamvid.media.metadata.boxes import boxes
from dreamvid.media.metadata.common import Damaged, size_of

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
SIDE_BITS = (9, 13, 18, 30)
ASPECTS = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width by height
HEADER = 18  # bytes of a codestream that hold its size


def jxl_size(path: Path) -> tuple[int, int] | None:
    """Read the (height, width) that a JPEG XL declares; None for other files.

    The plugin decodes a file to open it, before its size can be checked. ISO/IEC 18181-1, D.2, and
    18181-2. Raises OSError, and ValueError for a damaged file.
    """
    with path.open("rb") as file:
        head = file.read(HEADER)
        if head.startswith(CONTAINER):
            head = _codestream(file)
        elif not head.startswith(CODESTREAM):
            return None
    return _size(int.from_bytes(head[len(CODESTREAM) :], "little"))


def _codestream(file: BufferedIOBase) -> bytes:
    """Read how a container's codestream begins, which may be in parts."""
    begun = b""
    try:
        for box in boxes(file, 0, size_of(file)):
            if box.kind in (b"jxlc", b"jxlp"):
                start = box.body + (4 if box.kind == b"jxlp" else 0)
                file.seek(start)
                begun += file.read(max(0, min(HEADER - len(begun), box.end - start)))
            if len(begun) == HEADER:
                break
    except Damaged as error:
        raise ValueError(str(error)) from None
    if not begun.startswith(CODESTREAM):
        raise ValueError("it holds no picture")
    return begun


def _size(bits: int) -> tuple[int, int]:
    """Decode a SizeHeader, from its lowest bit on."""

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    small = take(1)

    def side() -> int:
        return 8 * (1 + take(5)) if small else 1 + take(SIDE_BITS[take(2)])

    height = side()
    aspect = ASPECTS[take(3)]
    return height, height * aspect[0] // aspect[1] if aspect else side()
