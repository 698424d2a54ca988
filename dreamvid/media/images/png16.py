"""Writer of 16-bit PNG in bands: Pillow and imageio have 8 bits, OpenCV needs the whole image."""

import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt16

LEVEL = 4  # of zlib: twice as fast as the default 6, a few percent larger
UP = 2  # filter type: difference from the row above (PNG specification, 9.2)


def write_png16(
    file: BinaryIO, height: int, width: int, bands: Iterable[UInt16[np.ndarray, "_ w 3"]]
) -> None:
    """Write bands of rows, from the top down, as one sRGB image of (height, width)."""
    file.write(b"\x89PNG\r\n\x1a\n")
    colour_type, rest = 2, (0, 0, 0)  # RGB; zlib, standard filters, not interlaced
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, *rest))
    _chunk(file, b"sRGB", b"\x00")
    packer = zlib.compressobj(LEVEL)
    above = np.zeros((1, width * 6), np.uint8)
    for band in bands:
        rows = np.ascontiguousarray(band, ">u2").view(np.uint8).reshape(-1, width * 6)
        difference = rows - np.concatenate([above, rows[:-1]])  # modulo 256
        filtered = np.insert(difference, 0, UP, axis=1)
        _chunk(file, b"IDAT", packer.compress(filtered.tobytes()))
        above = rows[-1:]
    _chunk(file, b"IDAT", packer.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, name: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + name + data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))
