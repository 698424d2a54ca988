"""Small pictures of a frame, for people who watch."""

import io

import torch.nn.functional as F
from PIL import Image as PilImage

from dreamvid.image import Bytes, Image, OtherSizeImage


def small_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(height, width) of the same shape, even, the longer side at most `longest` pixels.

    Never larger than `size`, but for a side of one pixel.
    """
    scale = min(1.0, longest / max(size))
    height, width = (max(2, 2 * round(side * scale / 2 - 0.01)) for side in size)
    return height, width


def shrink_image(image: Image, size: tuple[int, int]) -> OtherSizeImage:
    """Scaled to (height, width), each pixel the mean of those it stands for."""
    return F.interpolate(image.detach(), size, mode="area")


def as_png(pixels: Bytes) -> bytes:
    """Packed lightly: it is looked at once, and time counts."""
    file = io.BytesIO()
    PilImage.fromarray(pixels).save(file, format="PNG", compress_level=1)
    return file.getvalue()


def as_jpeg(pixels: Bytes, quality: int = 82) -> bytes:
    file = io.BytesIO()
    PilImage.fromarray(pixels).save(file, format="JPEG", quality=quality)
    return file.getvalue()
