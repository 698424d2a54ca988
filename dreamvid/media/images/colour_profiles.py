"""Conversion of images with a colour profile, such as phones' photos, to sRGB."""

import struct
from collections.abc import Callable
from functools import partial
from io import BytesIO

import numpy as np
from jaxtyping import Float64
from PIL import Image as PilImage
from PIL import ImageCms

from dreamvid.media.images.srgb import from_linear

Values = Float64[np.ndarray, "..."]
Colours = Float64[np.ndarray, "h w 3"]
"""RGB, 0 to 1."""
Curve = Callable[[Values], Values]

HEADER = 128  # bytes of an ICC profile before its list of tags
PARAMETERS = (1, 3, 4, 5, 7)  # of each kind of ICC's parametric curve


def as_srgb(file: PilImage.Image) -> PilImage.Image:
    """Convert an image to sRGB by its colour profile; a damaged profile is ignored."""
    profile = file.info.get("icc_profile")
    if not profile or file.mode not in ("RGB", "RGBA", "P", "PA", "CMYK"):
        return file
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return file
        return _converted(file, source)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return file


def _converted(file: PilImage.Image, source: ImageCms.ImageCmsProfile) -> PilImage.Image:
    srgb = ImageCms.createProfile("sRGB")
    clear = file.convert("RGBA") if file.has_transparency_data else None
    colours = clear or file
    if file.mode != "CMYK":
        colours = colours.convert("RGB")
    converted = ImageCms.profileToProfile(colours, source, srgb, outputMode="RGB")
    if converted is None:
        return file
    if clear:
        converted.putalpha(clear.getchannel("A"))
    return converted


def colours_by(profile: bytes | None) -> Callable[[Colours], Colours]:
    """Make a function that converts RGB to sRGB in floats, from a matrix profile with curves.

    Colours are left alone by profiles with tables, as printers and scanners have, and by damaged
    ones.
    """
    try:
        if not profile or "sRGB" in ImageCms.getProfileDescription(BytesIO(profile)):
            return lambda colours: colours
        tags = _tags(profile)
        if profile[16:24] != b"RGB XYZ " or b"A2B0" in tags:
            return lambda colours: colours
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        srgb = _tags(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
        matrix = np.linalg.inv(_primaries(srgb)) @ _primaries(tags)
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError, IndexError, struct.error):
        return lambda colours: colours
    return partial(_through, curves, matrix)


def _through(curves: list[Curve], matrix: Float64[np.ndarray, "3 3"], colours: Colours) -> Colours:
    light = np.stack([curve(colours[..., i]) for i, curve in enumerate(curves)], axis=-1)
    return from_linear(light @ matrix.T)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, HEADER)
    entries = struct.iter_unpack(">4sII", profile[HEADER + 4 : HEADER + 4 + 12 * count])
    return {name: profile[begin : begin + size] for name, begin, size in entries}


def _primaries(tags: dict[bytes, bytes]) -> Float64[np.ndarray, "3 3"]:
    """Return the XYZ of red, green and blue, a column each."""
    columns = [_fixed(tags[name], 8, 3) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    return np.array(columns).T


def _fixed(body: bytes, begin: int, count: int) -> list[float]:
    return [number / 65536 for number in struct.unpack_from(f">{count}i", body, begin)]


def _curve(body: bytes) -> Curve:
    """Parse a tone curve, from samples to linear light, both in [0, 1]."""
    if body[:4] == b"para":
        kind = body[9]
        return _parametric(kind, *_fixed(body, 12, PARAMETERS[kind]))
    if body[:4] != b"curv":
        raise ValueError("a curve of an unknown kind")
    (count,) = struct.unpack_from(">I", body, 8)
    table = np.array(struct.unpack_from(f">{count}H", body, 12), np.float64)
    if count < 2:
        return partial(_power, table[0] / 256 if count else 1.0)
    return lambda values: np.interp(values, np.linspace(0, 1, count), table / 65535)


def _power(exponent: float, values: Values) -> Values:
    return values**exponent


def _parametric(
    kind: int, g: float, a: float = 1.0, b: float = 0.0, c: float = 0.0, *rest: float
) -> Curve:
    """Build a parametric curve in ICC's notation; kinds below 3 are constant below their power."""
    if kind < 3:
        d, e, f, c = (-b / a if a else 0.0), c, c, 0.0
    else:
        d, e, f = (*rest, 0.0, 0.0)[:3]
    return lambda x: np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)
