"""Checks and perceptual hashes of photos, each decoded once, whatever its name."""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from warnings import catch_warnings, simplefilter

import imagehash
import numpy as np
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError

from dreamvid.image import OtherSizeImage, from_bytes
from dreamvid.media.images.plugins import turn_upright
from dreamvid.media.images.reading import TooManyPixels, open_image
from dreamvid.training.data.dropped import Reason

MOST_PIXELS = 100_000_000
SHORTEST_SIDE = 64  # pixels
HASHED = 64  # pixels; a JPEG is decoded no smaller than this for its hash
THREADS = 8  # at most; each may hold an image of the most pixels
TOGETHER = 256  # photos decoded before their results are passed on
# Of cameras, phones and the web.
FORMATS = ("JPEG", "MPO", "HEIF", "PNG", "WEBP", "AVIF", "JXL", "TIFF", "BMP", "GIF")
FORMATS += ("JPEG2000", "PPM")

# Raised by Pillow's many readers and zlib for a damaged file.
DAMAGE = (OSError, SyntaxError, ValueError, RuntimeError, EOFError, LookupError, TypeError)
DAMAGE += (ArithmeticError, MemoryError, zlib.error, struct.error)


@dataclass(frozen=True)
class Inspection:
    """A photo's perceptual hash, or what is wrong with it."""

    hash: int = 0
    reason: Reason | None = None
    detail: str = ""


def inspect_photos(paths: Sequence[Path]) -> Iterator[Inspection]:
    """Decode files in threads, in their order; no image is kept.

    A JPEG is read whole, but decoded at down to an eighth of its size.
    """
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as threads:
        for first in range(0, len(paths), TOGETHER):
            with catch_warnings():
                simplefilter("ignore")  # Pillow's, about odd metadata and many pixels
                results = list(threads.map(_inspect, paths[first : first + TOGETHER]))
            yield from results


def thumbnail(path: Path, size: tuple[int, int]) -> OtherSizeImage:
    """Crop the middle of a checked photo, upright, to (width, height) pixels.

    Grey if the photo cannot be read any more.
    """
    try:
        with catch_warnings():
            simplefilter("ignore")
            with open_image(path, MOST_PIXELS) as file:
                file.draft("RGB", (2 * size[0], 2 * size[1]))
                turn_upright(file)
                image = ImageOps.fit(_eight_bits(file).convert("RGB"), size)
    except (*DAMAGE, TooManyPixels):
        image = PilImage.new("RGB", size, "grey")
    return from_bytes(np.asarray(image))


def _inspect(path: Path) -> Inspection:
    try:
        with open_image(path, MOST_PIXELS) as file:
            if fault := _fault(file):
                return fault
            file.draft("L", (HASHED, HASHED))
            turn_upright(file)
            return Inspection(_perceptual_hash(_eight_bits(file)))
    except UnidentifiedImageError:
        return Inspection(reason="not a picture")
    except TooManyPixels as error:
        return Inspection(reason="too large", detail=str(error))
    except DAMAGE as error:
        return Inspection(reason="damaged picture", detail=" ".join(str(error).split())[:200])


def _fault(file: PilImage.Image) -> Inspection | None:
    """Check a file's header, before it is decoded."""
    if file.format not in FORMATS:
        return Inspection(reason="not a picture", detail=f"{file.format} is not for photos")
    if min(file.size) < SHORTEST_SIDE:
        return Inspection(reason="too small", detail=f"{file.width}x{file.height} pixels")
    return None


def _eight_bits(file: PilImage.Image) -> PilImage.Image:
    """Convert to 8 bits of grey or colour, with transparency composited on white."""
    if file.mode.startswith("I") or file.mode == "F":
        # Pillow cuts these greys off at 255 instead of scaling them.
        grey = np.nan_to_num(np.asarray(file, np.float32))
        span = max(float(np.ptp(grey)), 1e-6)
        return PilImage.fromarray(((grey - grey.min()) * (255 / span)).astype(np.uint8))
    if file.has_transparency_data:
        clear = file.convert("RGBA")
        return PilImage.alpha_composite(PilImage.new("RGBA", clear.size, "white"), clear)
    file.load()
    return file


def _perceptual_hash(image: PilImage.Image) -> int:
    """Hash an image to 64 bits: which of the lowest 8x8 frequencies exceed their median."""
    bits = imagehash.phash(image).hash
    return int.from_bytes(np.packbits(bits.flatten()).tobytes())
