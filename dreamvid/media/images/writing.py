"""Images to files: 8-bit stills by imageio, deep and large ones band by band."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage

from dreamvid.errors import OutputError
from dreamvid.image import Bytes, Image, OtherSizeImage, to_bytes
from dreamvid.media.images.formats import check_size, depth_of, format_of
from dreamvid.media.images.png16 import write_png16
from dreamvid.media.images.srgb import to_linear
from dreamvid.system.files import whole_file

Rows = Callable[[int, int], OtherSizeImage]
"""The rows from the first number to before the second, over the full width."""
BAND = 1_000_000  # pixels at a time
STRIP = 32  # rows that a TIFF keeps together
QUALITY = 93  # of JPEG and WebP


def save(image: Image, path: Path, depth: int | None = None) -> None:
    """Write an image in the format of the suffix. The file appears whole or not at all.

    Args:
        depth: bits a channel, 8, 16 or 32 (float); None: the format's usual.

    Raises OutputError; PresetError where the format has no such depth.
    """
    height, width = image.shape[-2:]
    if depth_of(path, depth) != 8:
        write(path, (height, width), lambda top, bottom: image[..., top:bottom, :], depth)
        return
    check_size(path, height, width)
    with whole_file(path) as partial:
        save_bytes(to_bytes(image), partial, format_of(path), quality=QUALITY)


def save_bytes(pixels: Bytes, path: Path, kind: str = "PNG", **options: Any) -> None:
    """Write (h, w, 3) by imageio in a format of FORMATS, with Pillow's options; raises OSError."""
    from imageio.v3 import imwrite

    with path.open("wb") as file:
        imwrite(file, pixels, plugin="pillow", extension=f".{kind.lower()}", **options)


def write(path: Path, size: tuple[int, int], rows: Rows, depth: int | None = None) -> None:
    """Write an image of (height, width) whose rows are asked for in bands, from the top down.

    TIFF of more than 8 bits and PNG of 16 need the memory of one band; the others hold the
    image in its final depth, those of 8 bits as Pillow does: imageio would hold it twice.
    Raises as `save` does.
    """
    bits, kind = depth_of(path, depth), format_of(path)
    check_size(path, *size)
    with whole_file(path) as partial:
        if kind == "EXR":
            _write_exr(partial, path, size, rows, bits)
        elif bits == 8:
            _write_bytes(partial, kind, size, rows)
        elif kind == "PNG":
            with partial.open("wb") as file:
                write_png16(file, *size, (_deep(band, 16) for _, band in _bands(size, rows)))
        else:
            _write_tiff(partial, size, rows, bits)


def _bands(size: tuple[int, int], rows: Rows) -> Iterator[tuple[int, OtherSizeImage]]:
    """Yield each band with its first row; all but the last have a whole number of strips."""
    height, width = size
    step = max(1, BAND // (width * STRIP)) * STRIP
    for top in range(0, height, step):
        yield top, rows(top, min(top + step, height))


def _deep(image: Image, bits: int) -> np.ndarray:
    """Convert to (h, w, 3) of uint16 or float32."""
    pixels = image[0].detach().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    if bits == 32:
        return np.ascontiguousarray(pixels)
    return (pixels.astype(np.float64) * 65535).round().astype(np.uint16)


def _write_bytes(partial: Path, kind: str, size: tuple[int, int], rows: Rows) -> None:
    height, width = size
    whole = PilImage.new("RGB", (width, height))
    for top, band in _bands(size, rows):
        whole.paste(PilImage.fromarray(to_bytes(band)), (0, top))
    with partial.open("wb") as file:
        whole.save(file, format=kind, quality=QUALITY)


def _write_tiff(partial: Path, size: tuple[int, int], rows: Rows, bits: int) -> None:
    from tifffile import imwrite

    def strips() -> Iterator[bytes]:
        for _, band in _bands(size, rows):
            pixels = _deep(band, bits)
            yield from (pixels[n : n + STRIP].tobytes() for n in range(0, len(pixels), STRIP))

    layout: dict[str, Any] = {"photometric": "rgb", "rowsperstrip": STRIP, "metadata": None}
    number = np.uint16 if bits == 16 else np.float32
    large = size[0] * size[1] * 3 * bits // 8 > 2**32 - 2**25
    with partial.open("wb") as file:
        imwrite(
            file, strips(), shape=(*size, 3), dtype=number, bigtiff=large, software=False, **layout
        )


def _write_exr(partial: Path, path: Path, size: tuple[int, int], rows: Rows, bits: int) -> None:
    import OpenEXR

    light = np.empty((*size, 3), np.float16 if bits == 16 else np.float32)
    for top, band in _bands(size, rows):
        light[top : top + band.shape[-2]] = to_linear(_deep(band, 32))
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    try:
        with OpenEXR.File(header, {"RGB": light}) as file:
            file.write(str(partial))
    except RuntimeError as error:  # as the library says that a disk is full
        raise OutputError(f"{path}: cannot be written: {error}") from None
