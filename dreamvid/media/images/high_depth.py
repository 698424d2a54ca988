"""Reading of images of more than 8 bits a channel: PNG of 16, TIFF of 16 and float, HEIC of 10.

Pillow and imageio drop half of their bits or cannot open them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import tifffile
from jaxtyping import Float32, Shaped
from PIL import Image as PilImage
from PIL import ImageColor

from dreamvid.media.images.colour_profiles import Colours, colours_by

Samples = Shaped[np.ndarray, "h w channels"]
"""Integers or floats as stored, upright; 1 to 4 channels or more."""
Pixels = Float32[np.ndarray, "h w 3"]
"""RGB in [0, 1]."""
Lines = Callable[[int, int], Pixels]
"""Reader of rows, from the first number to before the second."""

BITS, PHOTOMETRIC, ORIENTATION, EXTRA, PROFILE = 258, 262, 274, 338, 34675  # TIFF's tags
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
GREY_FROM_WHITE, GREY, RGB, CMYK = 0, 1, 2, 5  # TIFF's photometric interpretations
HDR = (16, 18)  # PQ and HLG, of ITU-T H.273
PREMULTIPLIED, ALPHA = 1, 2  # kinds of extra samples

logger = logging.getLogger(__name__)

TURNS: dict[int, Callable[[Samples], Samples]] = {
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: x.swapaxes(0, 1)[:, ::-1],
    7: lambda x: x.swapaxes(0, 1)[::-1, ::-1],
    8: lambda x: x.swapaxes(0, 1)[::-1],
}
"""Functions that turn an image upright, by its EXIF orientation."""


def is_deep(file: PilImage.Image) -> bool:
    """Return whether Pillow would drop bits of this image."""
    if file.format == "TIFF":
        bits = getattr(file, "tag_v2", {}).get(BITS, (1,))
        return max(bits if isinstance(bits, tuple) else (bits,)) > 8
    if file.format == "HEIF":
        return file.info.get("bit_depth", 8) > 8
    return file.format == "PNG" and ";16" in str(getattr(file, "tile", ""))


def tiff_size(path: Path) -> tuple[int, int] | None:
    """Return the (height, width) of a TIFF, None for other files; raises ValueError."""
    with path.open("rb") as file:
        if file.read(4) not in TIFF_STARTS:
            return None
    with _tiff(path) as file:
        page = file.pages.first
        return page.imagelength, page.imagewidth


def png_lines(
    path: Path, background: str, orientation: int, profile: bytes | None
) -> tuple[tuple[int, int], Lines]:
    """Decode a PNG of 16 bits to its (height, width) and rows; raises ValueError."""
    samples = TURNS.get(orientation, lambda x: x)(_decoded(path))
    return _lines(samples, _Kind(RGB, ALPHA, background), profile)


def heif_lines(path: Path, background: str) -> tuple[tuple[int, int], Lines]:
    """Decode a HEIC of 10 or 12 bits to its (height, width) and rows; raises ValueError."""
    file = pillow_heif.open_heif(path, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    colours = file.info.get("nclx_profile") or {}
    if colours.get("transfer_characteristics") in HDR:
        logger.warning("%s: is HDR, and read without tone mapping: its colours look pale", path)
    stored = np.asarray(file).astype(np.uint64)
    most = (1 << int(file.info["bit_depth"])) - 1
    samples = ((stored * 65535 + most // 2) // most).astype(np.uint16)
    extra = PREMULTIPLIED if file.premultiplied_alpha else ALPHA
    samples = samples.reshape(*samples.shape[:2], -1)
    return _lines(samples, _Kind(RGB, extra, background), file.info.get("icc_profile"))


def tiff_lines(path: Path, background: str) -> tuple[tuple[int, int], Lines]:
    """Decode a TIFF's first page to its (height, width) and rows; raises ValueError."""
    with _tiff(path) as file:
        page = file.pages.first
        photometric, extra = int(page.photometric), tuple(map(int, page.extrasamples))
        if photometric not in (GREY_FROM_WHITE, GREY, RGB, CMYK):
            kind = getattr(page.photometric, "name", photometric)
            raise ValueError(f"TIFF of the kind {kind} is not read")
        extra = extra[0] if extra else 0
        profile = page.tags[PROFILE].value if PROFILE in page.tags else None
        try:
            samples = page.asarray()
        except ValueError:  # a compression that OpenCV has
            if page.planarconfig == 2:  # OpenCV ignores separate planes
                raise
            return _lines(_decoded(path), _Kind(RGB, extra, background), profile)
        if samples.ndim == 3 and page.planarconfig == 2:
            samples = samples.transpose(1, 2, 0)
        turn = page.tags[ORIENTATION].value if ORIENTATION in page.tags else 1
    samples = samples.reshape(*samples.shape[:2], -1)
    upright = TURNS.get(int(turn), lambda x: x)(samples)
    return _lines(upright, _Kind(photometric, extra, background), profile)


def _tiff(path: Path) -> tifffile.TiffFile:
    # It would log damaged files.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    return tifffile.TiffFile(path)


def _decoded(path: Path) -> Samples:
    """Decode by OpenCV to RGB, RGBA or grey; it turns TIFF upright, but not PNG."""
    # It would log damaged files.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        raise ValueError("it is damaged, or has a size that is not read") from None
    if pixels is None:
        raise ValueError("it is damaged or cut off, or packed in an unknown way")
    if pixels.ndim == 2:
        return pixels[..., None]
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


@dataclass(frozen=True)
class _Kind:
    """Meaning of an image's channels."""

    photometric: int
    extra: int  # of the last channel, where there are more than colours
    background: str  # under transparent pixels, "#rrggbb"


def _lines(samples: Samples, kind: _Kind, profile: bytes | None) -> tuple[tuple[int, int], Lines]:
    height, width = samples.shape[:2]
    change = colours_by(bytes(profile) if profile else None)
    return (height, width), lambda top, end: _as_rgb(samples[top:end], kind, change)


def _as_rgb(samples: Samples, kind: _Kind, change: Callable[[Colours], Colours]) -> Pixels:
    """Convert samples to opaque RGB in [0, 1], NaN to 0; `change` makes RGB sRGB."""
    most = np.iinfo(samples.dtype).max if samples.dtype.kind in "iu" else 1.0
    with np.errstate(invalid="ignore"):  # signalling NaNs warn
        values = (np.nan_to_num(samples.astype(np.float64)) / most).clip(0, 1)
    if kind.photometric == CMYK:
        colours = (1 - values[..., :3]) * (1 - values[..., 3:4])
    elif values.shape[2] < 3:
        grey = 1 - values[..., :1] if kind.photometric == GREY_FROM_WHITE else values[..., :1]
        colours = _lay_on(grey.repeat(3, 2), values, kind, lambda grey: grey)
    else:
        colours = _lay_on(values[..., :3], values, kind, change)
    return colours.clip(0, 1).astype(np.float32)


def _lay_on(
    colours: Colours, values: Samples, kind: _Kind, change: Callable[[Colours], Colours]
) -> Colours:
    """Composite colours on the background where the last channel is alpha."""
    if kind.extra not in (PREMULTIPLIED, ALPHA) or values.shape[2] not in (2, 4):
        return change(colours)
    alpha = values[..., -1:]
    if kind.extra == PREMULTIPLIED:
        colours = (colours / np.maximum(alpha, 1e-9)).clip(0, 1)
    ground = np.array(ImageColor.getrgb(kind.background)) / 255
    return change(colours) * alpha + (1 - alpha) * ground
