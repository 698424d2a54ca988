"""Image files to RGB: upright, in sRGB, transparency laid on a colour, with all their bits.

Everything is read by Pillow through `open_image`, and not by imageio, whose reader takes any format
of Pillow's: PostScript too, which Pillow hands to Ghostscript. Orientation, colour profile and
depth are to be seen before anything is decoded.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from dreamvid.errors import PresetError
from dreamvid.image import Bytes, OtherSizeImage, from_bytes
from dreamvid.media.images.background import WHITE, lay_on
from dreamvid.media.images.colour_profiles import as_srgb
from dreamvid.media.images.formats import READABLE
from dreamvid.media.images.high_depth import (
    ORIENTATION,
    Lines,
    Pixels,
    heif_lines,
    is_deep,
    png_lines,
    tiff_lines,
    tiff_size,
)
from dreamvid.media.images.jpeg_xl import jxl_size
from dreamvid.media.images.plugins import is_heic, register_plugins, turn_upright
from dreamvid.system.files import check_file

MAX_PIXELS = 178_956_970  # where Pillow suspects a bomb; the 2015 post's largest still has 6.6e6
STILL_PIXELS = 1 << 30  # of a still that is dreamed on once: 4 GB while it is decoded
BAND = 1_000_000  # pixels converted to floats at a time

_LOCK = Lock()  # Pillow's limit belongs to the whole process


class TooManyPixels(Exception):
    """A file declares more pixels than are opened."""

    def __init__(self, size: tuple[int, int], most: int) -> None:
        super().__init__(f"declares {size[1]}x{size[0]} pixels")
        self.most = most


@contextmanager
def open_image(path: Path, most: int = MAX_PIXELS) -> Iterator[PilImage.Image]:
    """Open an image file of READABLE of at most `most` pixels, without decoding it.

    Raises UnidentifiedImageError for other files, TooManyPixels, and Pillow's many errors for
    damaged files.
    """
    check_file(path)
    if size := jxl_size(path):
        check_pixels(size, most)
    with _LOCK, _limit_lifted():
        register_plugins()
        PilImage.init()
        here = [name for name in READABLE if name in PilImage.OPEN]  # AVIF is not in all builds
        try:
            file = PilImage.open(path, formats=here)
        except (UnidentifiedImageError, RuntimeError):  # as the plugins say it of their own files
            if size or is_heic(path):
                raise ValueError("it is damaged or cut off") from None
            raise
    with file:
        check_pixels((file.height, file.width), most)
        yield file


def check_pixels(size: tuple[int, int], most: int) -> None:
    """Raise TooManyPixels for a (height, width) of more than `most` pixels."""
    if size[0] * size[1] > most:
        raise TooManyPixels(size, most)


@contextmanager
def _limit_lifted() -> Iterator[None]:
    """Lift Pillow's own limit of pixels, which is lower than ours, and silence its warnings."""
    before = PilImage.MAX_IMAGE_PIXELS
    PilImage.MAX_IMAGE_PIXELS = None
    try:
        with catch_warnings():
            simplefilter("ignore")
            yield
    finally:
        PilImage.MAX_IMAGE_PIXELS = before


@dataclass(frozen=True)
class Decoded:
    """A decoded image that is converted to RGB a band at a time."""

    height: int
    width: int
    rows: Callable[[int, int], OtherSizeImage]
    """The rows from the first number to before the second, (1, 3, rows, width) in [0, 1]."""

    def whole(self) -> OtherSizeImage:
        image = torch.empty(1, 3, self.height, self.width)
        step = max(1, BAND // self.width)
        for top in range(0, self.height, step):
            end = min(top + step, self.height)
            image[..., top:end, :] = self.rows(top, end)
        return image


def load(path: Path, *, option: str, background: str = WHITE) -> OtherSizeImage:
    """Read a whole image file to (1, 3, h, w) in [0, 1]; takes and raises as `decode` does."""
    return decode(path, option=option, background=background).whole()


def decode(path: Path, *, option: str, most: int = MAX_PIXELS, background: str = WHITE) -> Decoded:
    """Decode an image of READABLE or a TIFF of floats; the first of several.

    Args:
        option: the setting that names the file, for errors.
        most: pixels; a file that declares more is not decoded.
        background: "#rrggbb" under transparent pixels.

    Raises PresetError.
    """
    with image_errors(path, option):
        try:
            with open_image(path, most) as file:
                return _decoded(path, file, background)
        except UnidentifiedImageError:
            if size := tiff_size(path):
                check_pixels(size, most)
                return _deep(*tiff_lines(path, background))
            raise


def check_image(path: Path, *, option: str) -> None:
    """Read only how the file begins; raises as `decode` does."""
    with image_errors(path, option):
        try:
            with open_image(path):
                pass
        except UnidentifiedImageError:
            if not (size := tiff_size(path)):
                raise
            check_pixels(size, MAX_PIXELS)


# What Pillow's many readers, tifffile and zlib raise for a damaged file.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
)


@contextmanager
def image_errors(path: Path, option: str) -> Iterator[None]:
    """Turn the block's errors into PresetErrors of one line."""
    try:
        yield
    except FileNotFoundError:
        raise PresetError(option, f"{path} does not exist", "give the path of a picture") from None
    except IsADirectoryError:
        raise PresetError(option, f"{path} is a folder", "give the path of a picture") from None
    except UnidentifiedImageError:
        raise PresetError(option, f"{path} is not a picture", "PNG, JPEG, WebP, ...") from None
    except TooManyPixels as error:
        cure = f"at most {error.most / 1e6:.0f} million are opened"
        raise PresetError(option, f"{path} {error}", cure) from None
    except MemoryError:
        problem = f"{path} asks for more memory than there is"
        raise PresetError(option, problem, "is it damaged?") from None
    except _DAMAGE as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise PresetError(option, f"{path} cannot be read: {reason}") from None


def _decoded(path: Path, file: PilImage.Image, background: str) -> Decoded:
    if is_deep(file):
        if file.format == "TIFF":
            return _deep(*tiff_lines(path, background))
        if file.format == "HEIF":
            return _deep(*heif_lines(path, background))
        turn = file.getexif().get(ORIENTATION, 1)
        return _deep(*png_lines(path, background, turn, file.info.get("icc_profile")))
    image = upright(file)
    return Decoded(image.height, image.width, partial(_pillow_rows, image, background))


def upright(file: PilImage.Image) -> PilImage.Image:
    """Decode an opened image, turn it upright and convert it to sRGB; raises Pillow's errors."""
    with catch_warnings():
        simplefilter("ignore")  # of odd metadata
        file.load()
        turn_upright(file)
        return as_srgb(file)


def _deep(size: tuple[int, int], lines: Lines) -> Decoded:
    return Decoded(*size, lambda top, end: _from_floats(lines(top, end)))


def _from_floats(pixels: Pixels) -> OtherSizeImage:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].contiguous()


def _pillow_rows(file: PilImage.Image, background: str, top: int, end: int) -> OtherSizeImage:
    whole = (top, end) == (0, file.height)
    band = file if whole else file.crop((0, top, file.width, end))
    if band.mode.startswith("I;16") or band.mode in ("I", "F"):
        # Pillow cuts these greys off at 255 instead of scaling them.
        most = 1.0 if band.mode == "F" else 65535
        grey = (np.nan_to_num(np.asarray(band, np.float64)) / most).clip(0, 1)
        return _from_floats(np.repeat(grey.astype(np.float32)[..., None], 3, axis=2))
    return from_bytes(_rgb(band, background))


def _rgb(file: PilImage.Image, background: str) -> Bytes:
    if file.has_transparency_data:
        return lay_on(file.convert("RGBA"), background)
    return np.asarray(file.convert("RGB"))
