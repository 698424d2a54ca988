"""Masks of the dream and of guides: a shape, a file, or the footage's motion."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from dreamvid.preset.base import Options, Scheduled, Share
from dreamvid.preset.values import File
from dreamvid.schedule.curve import Bounds, Curve

Shape = Literal["centre", "edge", "horizon", "sky", "ground", "left", "right"]
SHAPES: tuple[str, ...] = get_args(Shape)
WORDS = (*SHAPES, "motion", "none")
"""Strings that are not paths where a mask is a string."""

PLACED = ("centre", "horizon")  # shapes that `at` moves
Place = Annotated[Scheduled, Bounds(ge=-10, le=10)]

SOFT = 0.05  # default feather of shapes and motion


class MaskOptions(Options):
    """Mask: a shape, a file or the footage's motion. It is fixed to the frame."""

    shape: Shape | None = Field(
        default=None, description="a disc, the margin, a band, the top, the bottom or a side"
    )
    path: File | None = Field(
        default=None,
        description="an image, dreamed where it is light and opaque; or a folder of images or "
        "a film: one for each frame",
    )
    motion: bool = Field(default=False, description="footage: dream on what moves")
    size: Share = Field(
        default=0.5,
        description="of a shape: share of the height (horizon, sky, ground), the width (left, "
        "right) or the shorter side (centre: its diameter, edge: both margins together)",
    )
    at: tuple[Place, Place] = Field(
        default=(0.5, 0.5),
        description="middle of centre or horizon: shares of width and height, right, down",
    )
    speed: Annotated[Scheduled, Bounds(gt=0, le=100)] = Field(
        default=0.2,
        description="of motion: pixels that move so fast are dreamed in full, at half the speed "
        "not at all; in shorter sides a second",
    )
    feather: Annotated[float, Field(ge=0, le=0.5)] | None = Field(
        default=None,
        description="softness of the border: deviation of a Gaussian, as share of the shorter "
        f"side; default {SOFT:g}, 0 for files",
    )
    invert: bool = Field(default=False, description="everywhere else instead")
    strength: Share = Field(default=1.0, description="share of each step taken inside")

    @property
    def softness(self) -> float:
        """Feather, with its default resolved."""
        return (0.0 if self.path else SOFT) if self.feather is None else self.feather

    @model_validator(mode="after")
    def _every_option_has_an_effect(self) -> "MaskOptions":
        if (self.shape is not None) + (self.path is not None) + self.motion != 1:
            raise ValueError("a mask is one of shape, path and motion = true")
        changed = self.changed()
        if self.shape is None and "size" in changed:
            raise ValueError("size is a shape's")
        if self.shape not in PLACED and "at" in changed:
            raise ValueError(f"at has an effect with shapes {' and '.join(PLACED)} only")
        if not self.motion and "speed" in changed:
            raise ValueError("speed needs motion = true")
        if not isinstance(self.strength, Curve) and self.strength == 0:
            raise ValueError("strength of 0: nothing would be dreamed")
        return self


def _table(value: object) -> object:
    """Expand a shape's name, "motion" or a file's path to a table."""
    if value == "none":
        return None
    if value == "motion":
        return {"motion": True}
    if isinstance(value, str):
        return {"shape" if value in SHAPES else "path": value}
    if value is None or isinstance(value, dict | Options):
        return value
    raise ValueError("should be a shape, the path of a file, or a table of both and more")


def _schema() -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, MaskOptions.model_json_schema(), {"type": "null"}]}


Masked = Annotated[MaskOptions | None, BeforeValidator(_table), WithJsonSchema(_schema())]
