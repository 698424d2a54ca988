"""[colour]: the colours that a film keeps, its start's or those of scenes and pictures."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    WrapSerializer,
    model_validator,
)

from dreamvid.errors import suggest
from dreamvid.preset.base import Options, Scheduled, Share
from dreamvid.preset.start import Scene
from dreamvid.preset.values import read_file
from dreamvid.schedule.curve import Bounds

SCENES: tuple[str, ...] = get_args(Scene)
GUIDE = "guide"
"""Name for the colours of `dream.guide`, each of them by its weight."""
MOST = 100
"""Palettes that a film keeps one after another."""


def is_scene(value: object) -> bool:
    """Test for the name of a scene, as opposed to the path of a picture: a bare word."""
    return isinstance(value, str) and re.fullmatch(r"[\w-]+", value) is not None


def _read_source(value: object) -> object:
    if not is_scene(value):
        return read_file(value)
    if value not in (*SCENES, GUIDE):
        cure = f"a picture's path has a dot or a slash; {suggest(str(value), (*SCENES, GUIDE))}"
        raise ValueError(f"is neither a scene nor a picture ({cure})")
    return value


def _as_path(value: str | Path) -> str:
    """Write a path so that it is not taken for a scene."""
    return f"./{value}" if isinstance(value, Path) and is_scene(str(value)) else str(value)


class Like(Options):
    """Scene or picture whose colours are kept, and its share."""

    of: Annotated[
        str | Path,
        BeforeValidator(_read_source),
        PlainSerializer(_as_path, when_used="json"),
        WithJsonSchema({"type": "string"}),
    ] = Field(
        description=f"a scene, {', '.join(SCENES)}; {GUIDE}, for those of dream.guide; or a path"
    )
    weight: Annotated[Scheduled, Bounds(ge=0, le=1e6)] = Field(
        default=1.0,
        description="share; what they leave of 1 is the start's own, over 1 they are relative",
    )

    @model_validator(mode="after")
    def _not_nothing(self) -> "Like":
        if self.weight == 0:
            raise ValueError("what has no weight has no effect; leave it out")
        return self


def _read_likes(value: object) -> object:
    if value is None or value == "none":
        return ()
    items = list(value) if isinstance(value, list | tuple) else [value]
    if len(items) > MOST:
        raise ValueError(f"{len(items)} entries are too many; at most {MOST}")
    return [item if isinstance(item, dict | Options) else {"of": item} for item in items]


def _write_likes(likes: Any, write: Callable[[Any], Any]) -> Any:
    """Write the only entry, if it has no weight, as it is usually given: its name alone."""
    if len(likes) == 1 and likes[0].weight == 1:
        return write(likes)[0]["of"]
    return write(likes)


def _schema() -> dict[str, Any]:
    one = [{"type": "string"}, Like.model_json_schema()]
    return {"anyOf": [*one, {"type": "array", "items": {"anyOf": one}}]}


Likes = Annotated[
    tuple[Like, ...],
    BeforeValidator(_read_likes),
    WrapSerializer(_write_likes),
    WithJsonSchema(_schema()),
]


class ColourOptions(Options):
    """Colour grading that keeps a long film from drifting to grey, dark or neon."""

    keep: Literal["none", "mean", "spread", "palette"] = Field(
        default="none",
        description="which of the start's colours: their mean, mean and spread, or all of them",
    )
    strength: Share = Field(
        default=0.2, description="share of the difference that is corrected in a frame"
    )
    like: Likes = Field(
        default=(),
        description="instead of the start's: the colours of a picture, of the guide, or of a "
        "scene, such as night; or a list of {of, weight}, whose weights fade one into another over "
        "time",
    )
    contrast: Annotated[Scheduled, Bounds(ge=0, le=10)] = Field(
        default=1.0, description="spread of lightness to keep, relative to the image's own"
    )
    saturation: Annotated[Scheduled, Bounds(ge=0, le=10)] = Field(
        default=1.0, description="spread of colour to keep, relative to the image's own"
    )

    @model_validator(mode="after")
    def _every_option_has_an_effect(self) -> "ColourOptions":
        if self.keep == "none" and self.changed():
            raise ValueError('has no effect with keep = "none"; use "mean", "spread" or "palette"')
        if self.keep == "mean" and (self.contrast != 1 or self.saturation != 1):
            raise ValueError('contrast and saturation need keep = "spread" or "palette"')
        return self

    @property
    def pictures(self) -> dict[str, Path]:
        """The files of `like`, by the option that names each in the preset as it is written."""
        alone = len(self.like) == 1 and self.like[0].weight == 1
        return {
            "colour.like" if alone else f"colour.like[{n}].of": like.of
            for n, like in enumerate(self.like)
            if isinstance(like.of, Path)
        }
