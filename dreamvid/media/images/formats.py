"""Image formats: those that are read, and those that are written with their bit depths."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image as PilImage

from dreamvid.errors import OutputError, PresetError


@dataclass(frozen=True)
class Format:
    depths: tuple[int, ...]  # bits a channel, the default first; 32 is float
    longest: int = 2**31 - 1  # pixels a side


FORMATS = {
    "PNG": Format((8, 16)),
    "JPEG": Format((8,), longest=65_500),  # libjpeg's own limit, a little under 65,535
    "WEBP": Format((8,), longest=16_383),
    "TIFF": Format((8, 16, 32)),
    "BMP": Format((8,)),
    "EXR": Format((16, 32)),  # 16 is half float; linear light
}
READABLE = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "GIF", "BMP", "DIB", "JPEG2000", "PPM")
READABLE += ("HEIF", "JXL", "TGA", "ICO", "ICNS", "QOI", "PCX", "SGI", "DDS", "PSD")
"""Pillow's names of the formats that are opened: none that is a program's input (EPS, WMF)."""
NAMES = {8: ".png or .jpg", 16: ".png, .tif or .exr", 32: ".tif or .exr"}  # suffixes for a depth


def format_of(path: Path) -> str:
    """Return the format of a file's suffix; raises OutputError."""
    suffix = path.suffix.lower()
    kind = "EXR" if suffix == ".exr" else PilImage.registered_extensions().get(suffix)
    if kind not in FORMATS:
        raise OutputError(f"{path}: no picture format of this name; try .png or .jpg")
    return kind


def depth_of(path: Path, depth: int | None) -> int:
    """Return the bits a channel of a file; raises OutputError, PresetError."""
    kind = format_of(path)
    depths = FORMATS[kind].depths
    if depth is None:
        return depths[0]
    if depth not in depths:
        choices = " or ".join(map(str, depths))
        problem = f"{path} cannot have {depth} bits a channel; {kind} has {choices}"
        cure = f"a name in {NAMES[depth]}" if depth in NAMES else f"one of {choices}"
        raise PresetError("--depth", problem, cure)
    return depth


def check_size(path: Path, height: int, width: int) -> None:
    """Raise OutputError for an image that is too large for its format."""
    kind = format_of(path)
    longest = FORMATS[kind].longest
    if max(height, width) > longest:
        problem = f"{kind} has at most {longest} pixels a side, not {width}x{height}"
        raise OutputError(f"{path}: {problem}; try .png or .tif")
