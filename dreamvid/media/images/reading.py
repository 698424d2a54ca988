"""Picture files of any kind as RGB: upright, transparency laid on white, all their bits kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError

from dreamvid.errors import PresetError
from dreamvid.image import Bytes, OtherSizeImage, from_bytes
from dreamvid.media.images.colour_profiles import as_srgb
from dreamvid.media.images.high_depth import (
    ORIENTATION,
    Lines,
    Pixels,
    is_deep,
    png_lines,
    tiff_lines,
    tiff_size,
)

MAX_PIXELS = 178_956_970  # where Pillow suspects a bomb; the post's largest still has 6.6e6
BAND = 1_000_000  # pixels turned into floats at a time
STILL_PIXELS = 1 << 30  # of a picture that is dreamed on once: 4 GB while it is decoded


@dataclass(frozen=True)
class Opened:
    """A decoded picture, turned into RGB a band at a time."""

    height: int
    width: int
    rows: Callable[[int, int], OtherSizeImage]
    """The rows from the first number to before the second."""

    def whole(self) -> OtherSizeImage:
        image = torch.empty(1, 3, self.height, self.width)
        step = max(1, BAND // self.width)
        for top in range(0, self.height, step):
            end = min(top + step, self.height)
            image[..., top:end, :] = self.rows(top, end)
        return image


def load(path: Path, *, option: str) -> OtherSizeImage:
    """Read a whole picture; raises as `open_picture` does."""
    return open_picture(path, option=option).whole()


def open_picture(path: Path, *, option: str, most: int = MAX_PIXELS) -> Opened:
    """Decode a picture of any kind Pillow knows, or a TIFF of floats; of several, the first.

    Args:
        most: pixels; a file that declares more is not decoded.

    Raises PresetError naming `option`, the setting that asked for the file.
    """
    with _in_words(path, option):
        return _decoded(path, option, most)


def check_picture(path: Path, *, option: str) -> None:
    """Looks at how the file begins, and decodes nothing; raises as `open_picture` does."""
    with _in_words(path, option), _limits_ours():
        try:
            with PilImage.open(path) as file:
                size = file.height, file.width
        except UnidentifiedImageError:
            if not (size := tiff_size(path)):
                raise
        _check_size(path, size, option, MAX_PIXELS)


@contextmanager
def _in_words(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise PresetError(option, f"{path} does not exist", "give the path of a picture") from None
    except IsADirectoryError:
        raise PresetError(option, f"{path} is a folder", "give the path of a picture") from None
    except UnidentifiedImageError:
        raise PresetError(option, f"{path} is not a picture", "PNG, JPEG, WebP, ...") from None
    except MemoryError:
        problem = f"{path} asks for more memory than there is"
        raise PresetError(option, problem, "is it damaged?") from None
    except _DAMAGE as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise PresetError(option, f"{path} cannot be read: {reason}") from None


# What Pillow's many readers, tifffile and zlib raise for a damaged file.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    ArithmeticError,
)


def _decoded(path: Path, option: str, most: int) -> Opened:
    with _limits_ours():
        try:
            file = PilImage.open(path)
        except UnidentifiedImageError:
            if size := tiff_size(path):
                _check_size(path, size, option, most)
                return _deep(*tiff_lines(path))
            raise
        with file:
            _check_size(path, (file.height, file.width), option, most)
            if is_deep(file):
                if file.format == "TIFF":
                    return _deep(*tiff_lines(path))
                turn = file.getexif().get(ORIENTATION, 1)
                return _deep(*png_lines(path, turn, file.info.get("icc_profile")))
            file.load()
            ImageOps.exif_transpose(file, in_place=True)
            shown = as_srgb(file)
            return Opened(shown.height, shown.width, partial(_pillow_rows, shown))


def _check_size(path: Path, size: tuple[int, int], option: str, most: int) -> None:
    if size[0] * size[1] > most:
        declared = f"{path} declares {size[1]}x{size[0]} pixels"
        raise PresetError(option, declared, f"at most {most / 1e6:.0f} million are opened")


def _deep(size: tuple[int, int], lines: Lines) -> Opened:
    return Opened(*size, lambda top, end: _from_floats(lines(top, end)))


def _from_floats(pixels: Pixels) -> OtherSizeImage:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].contiguous()


@contextmanager
def _limits_ours() -> Iterator[None]:
    """Without Pillow's own limit of pixels, and its warnings."""
    before = PilImage.MAX_IMAGE_PIXELS
    PilImage.MAX_IMAGE_PIXELS = None
    try:
        with catch_warnings():
            simplefilter("ignore")
            yield
    finally:
        PilImage.MAX_IMAGE_PIXELS = before


def _pillow_rows(file: PilImage.Image, top: int, end: int) -> OtherSizeImage:
    whole = (top, end) == (0, file.height)
    band = file if whole else file.crop((0, top, file.width, end))
    if band.mode.startswith("I;16") or band.mode in ("I", "F"):
        # Pillow cuts these greys off at 255 instead of scaling them.
        most = 1.0 if band.mode == "F" else 65535
        grey = (np.nan_to_num(np.asarray(band, np.float64)) / most).clip(0, 1)
        return _from_floats(np.repeat(grey.astype(np.float32)[..., None], 3, axis=2))
    return from_bytes(_rgb(band))


def _rgb(file: PilImage.Image) -> Bytes:
    if file.has_transparency_data:
        upright = file.convert("RGBA")
        white = PilImage.new("RGBA", upright.size, "white")
        return np.asarray(PilImage.alpha_composite(white, upright).convert("RGB"))
    return np.asarray(file.convert("RGB"))
