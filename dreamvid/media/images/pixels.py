"""Image files to 8 bits a channel with their transparency, as the frames of a film."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from dreamvid.image import to_bytes
from dreamvid.media.images.high_depth import EXTRA, is_deep
from dreamvid.media.images.reading import decode, image_errors, open_image, upright

Pixels = UInt8[np.ndarray, "h w channels"]
"""RGB, or RGBA where a pixel may be transparent; alpha is not premultiplied."""

GREYS = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of more than 8 bits, which it does not scale to 8."""


def read_pixels(path: Path, *, option: str) -> Pixels:
    """Read an image file upright and in sRGB; raises as `reading.decode` does."""
    with image_errors(path, option):
        try:
            with open_image(path) as file:
                if not is_deep(file) and file.mode not in GREYS:
                    return pixels_of(upright(file))
                clear = file.mode in ("RGBA", "LA") or bool(getattr(file, "tag_v2", {}).get(EXTRA))
        except UnidentifiedImageError:
            clear = True  # a TIFF that only tifffile reads
    return _deep(path, option, clear)


def pixels_of(image: PilImage.Image) -> Pixels:
    """Convert a decoded image of 8 bits a channel."""
    return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))


def _deep(path: Path, option: str, clear: bool) -> Pixels:
    """Read an image of many bits, and its alpha from how it looks on white and on black."""
    white = decode(path, option=option).whole()
    if not clear:
        return to_bytes(white)
    black = decode(path, option=option, background="#000000").whole()
    alpha = (1 - (white - black).mean(1, keepdim=True)).clamp(0, 1)
    if bool((alpha > 1 - 1e-4).all()):
        return to_bytes(white)
    colours = to_bytes((black / alpha.clamp(min=1e-6)).clamp(0, 1))
    return np.concatenate([colours, to_bytes(alpha.expand(-1, 3, -1, -1))[..., :1]], axis=2)
