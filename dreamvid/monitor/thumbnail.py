"""Small PNG and JPEG images of a frame."""

import io

import torch.nn.functional as F
from PIL import Image as PilImage

from dreamvid.image import Bytes, Image, OtherSizeImage


def small_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Scale (height, width) down to at most `longest` pixels, both even.

    It is never larger than `size`, except for a side of one pixel.
    """
    scale = min(1.0, longest / max(size))
    height, width = (max(2, 2 * round(side * scale / 2 - 0.01)) for side in size)
    return height, width


def shrink_image(image: Image, size: tuple[int, int]) -> OtherSizeImage:
    """Scale an image down to (height, width) by averaging areas."""
    return F.interpolate(image.detach(), size, mode="area")


def as_png(pixels: Bytes) -> bytes:
    """Encode a PNG with light compression, as it is shown once and speed matters."""
    file = io.BytesIO()
    PilImage.fromarray(pixels).save(file, format="PNG", compress_level=1)
    return file.getvalue()


def as_jpeg(pixels: Bytes) -> bytes:
    file = io.BytesIO()
    PilImage.fromarray(pixels).save(file, format="JPEG", quality=82)
    return file.getvalue()
