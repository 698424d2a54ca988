"""Types of options with a notation of their own: sizes, frame rates, colours, paths."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from PIL import ImageColor
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from dreamvid.system.files import check_name


@dataclass(frozen=True)
class OneOf:
    """Metadata of an `Annotated[str, ...]` option: a `Literal` of the names in a table."""

    names: Collection[str]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.literal_schema([*self.names])


VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".ogv")
"""Suffixes of films."""


def read_size(value: object) -> object:
    if isinstance(value, str):
        width, _, height = value.lower().partition("x")
        if not (width.strip().isdecimal() and height.strip().isdecimal()):
            raise ValueError("must be WIDTHxHEIGHT in pixels, such as 1280x720")
        return int(width), int(height)
    return value


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    if width % 2 or height % 2:
        even = f"{width + width % 2}x{height + height % 2}"
        raise ValueError(f"video needs even sides, such as {even}")
    if not (16 <= width <= 16384 and 16 <= height <= 16384):
        raise ValueError("each side must be from 16 to 16384 pixels")
    return size


def read_fps(value: object) -> object:
    """Parse a frame rate exactly; 29.97 and the like stand for television's 30000/1001."""
    text = "" if isinstance(value, bool) else str(value).strip()
    # Checked before it is computed: 1e999999999 would be a billion digits.
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?|\d{1,6}/[1-9]\d{0,5}", text):
        raise ValueError('must be a number or a fraction such as "30000/1001"')
    rate = Fraction(text)
    for whole in (24, 30, 48, 60, 120):
        if abs(rate - Fraction(whole * 1000, 1001)) < Fraction(5, 1000):
            return Fraction(whole * 1000, 1001)
    return rate.limit_denominator(1001)


def read_file(value: object) -> object:
    """Parse a path, expanding `~`."""
    if value == "":
        raise ValueError("is empty; give the path of a file")
    if not isinstance(value, str | Path):
        raise ValueError("should be the path of a file")
    check_name(str(value))
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("names the home of a user who is not there") from None


def read_colour(value: object) -> object:
    """Parse a colour to "#rrggbb", also from a name of CSS."""
    if not isinstance(value, str) or re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        return value
    try:
        parts = ImageColor.getrgb(value)
    except ValueError:
        parts = ()
    if len(parts) != 3:  # the fourth would be alpha
        raise ValueError('must be "#rrggbb", such as "#102040", or a name, such as "navy"')
    return f"#{bytes(parts).hex()}"


def read_tile(value: object) -> object:
    if value in ("auto", "off"):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 64 <= value <= 16384:
        return value
    raise ValueError('must be "auto", "off", or a side of 64 to 16384 pixels')


def check_fps(fps: Fraction) -> Fraction:
    if not 1 <= fps <= 240:
        raise ValueError("must be from 1 to 240 frames a second")
    return fps


Size = Annotated[
    tuple[int, int],
    BeforeValidator(read_size),
    AfterValidator(check_size),
    Field(description="width and height in pixels, both even"),
    PlainSerializer(lambda size: f"{size[0]}x{size[1]}"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+x\d+$"}),
]
Fps = Annotated[
    Fraction,
    BeforeValidator(read_fps),
    AfterValidator(check_fps),
    PlainSerializer(lambda fps: int(fps) if fps.denominator == 1 else str(fps)),
    WithJsonSchema({"type": ["number", "string"]}),
]
Tile = Annotated[
    Literal["auto", "off"] | int,
    BeforeValidator(read_tile),
    WithJsonSchema(
        {"anyOf": [{"enum": ["auto", "off"]}, {"type": "integer", "minimum": 64, "maximum": 16384}]}
    ),
]
Colour = Annotated[str, BeforeValidator(read_colour)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Modest = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Pair = tuple[Modest, Modest]
File = Annotated[Path, BeforeValidator(read_file)]

_CLIP_TIME = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d{1,9})?)\s*([sf]?)")


def read_clip_time(value: object) -> object:
    """Normalise a position in a clip to "2.5s" or "60f"; a number is seconds, as of keyframes."""
    text = "" if isinstance(value, bool) else str(value).strip()
    match = _CLIP_TIME.fullmatch(text)
    clock, unit = match is not None and match[2] is not None, match and match[4]
    if match is None or (clock and unit) or (unit == "f" and "." in match[3]):
        raise ValueError('must be seconds, or a text such as "2.5s", "60f" or "00:01:02.5"')
    if unit == "f":
        return f"{int(match[3])}f"
    seconds = 3600 * int(match[1] or 0) + 60 * int(match[2] or 0) + Fraction(match[3])
    return f"{float(seconds):.9f}".rstrip("0").rstrip(".") + "s"


def clip_seconds(time: str, fps: Fraction) -> Fraction:
    """Convert a clip time to seconds of a clip of this rate."""
    amount = Fraction(time[:-1])
    return amount / fps if time.endswith("f") else amount


def read_poster(value: object) -> object:
    """Normalise "best", "last" or a moment of the film."""
    if value in ("best", "last"):
        return value
    try:
        return read_clip_time(value)
    except ValueError:
        raise ValueError('must be "best", "last", or a moment such as "2s" or "30f"') from None


Poster = Annotated[
    str,
    BeforeValidator(read_poster),
    WithJsonSchema({"type": ["number", "string"]}),
]
ClipTime = Annotated[
    str,
    BeforeValidator(read_clip_time),
    WithJsonSchema({"type": ["number", "string"]}),
]
