"""HEIC and JPEG XL by plugins of Pillow, which it has no readers for."""

from functools import cache
from pathlib import Path

import pillow_heif
from PIL import Image as PilImage
from PIL import ImageOps


@cache
def register_plugins() -> None:
    """Let Pillow know the formats, without the previews and depth maps that HEIC files have."""
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    import pillow_jxl  # noqa: F401 - registers itself


def is_heic(path: Path) -> bool:
    """Test for a HEIC by its first bytes."""
    return pillow_heif.is_supported(path)


def turn_upright(file: PilImage.Image) -> None:
    """Turn a decoded image as its EXIF says, but not one that its own format has turned already.

    HEIC is turned by its boxes (pillow_heif takes the EXIF back), JPEG XL by its codestream
    (libjxl) unless it holds the very bytes of a JPEG.
    """
    if file.format != "JXL" or getattr(file, "jpeg", False):
        ImageOps.exif_transpose(file, in_place=True)
