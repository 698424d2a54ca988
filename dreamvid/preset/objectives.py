"""Objectives of a dream: layers, guides, directions, classes and words, each with its weight."""

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
    field_validator,
    model_validator,
)

from dreamvid.preset.base import Options, Scheduled
from dreamvid.preset.mask import Masked, MaskOptions
from dreamvid.preset.values import File, Finite, read_file
from dreamvid.schedule.curve import Bounds

MOST_ENTRIES = 1000
"""Layers, guides, directions, classes or words of a dream."""

Weight = Annotated[Scheduled, Bounds(ge=-1e6, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]

Picked = Literal["strongest", "weakest", "average"]
Guided = Literal["guide", "guide-mean", "style"]
LayerObjective = Literal["energy", "channel", Picked, "direction", "neuron", "diversity", Guided]
"""Names of the objectives registered in `dream/objectives/`."""
PICKED: tuple[str, ...] = get_args(Picked)
GUIDED: tuple[str, ...] = get_args(Guided)
WEIGHED = ("energy", "channel", "direction", "neuron")
"""Objectives that take a weight for each channel."""


def _not_zero(weight: Scheduled) -> Scheduled:
    if isinstance(weight, int | float) and abs(weight) < 1e-6:
        raise ValueError("what has no weight has no effect; leave it out")
    return weight


class Weighted(Options):
    """Entry with a weight relative to the others."""

    weight: Weight = Field(default=1.0, description="relative to the others; below 0: less of it")

    _not_nothing = field_validator("weight")(_not_zero)


class LayerWeight(Weighted):
    """Layer of the network, and its weight in the dream."""

    name: str = Field(min_length=1, description="see `dreamvid layers MODEL`")
    objective: LayerObjective | None = Field(
        default=None, description="objective of this layer; default: dream.objective"
    )
    channels: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="indices of the channels dreamed; empty: all"
    )
    channel_weights: tuple[Finite, ...] = Field(
        default=(), description="a weight for each of channels; empty: all equal"
    )
    count: int = Field(
        default=10, ge=1, le=10_000, description="channels that strongest, weakest, average take"
    )
    place: tuple[Share, Share] = Field(
        default=(0.5, 0.5), description="position of neuron: across and down, 0 to 1"
    )

    def without_effect(self, objective: LayerObjective) -> str | None:
        """Find the first option that is set and has no effect with this objective."""
        effective = {
            "channels": objective not in PICKED,
            "channel_weights": objective in WEIGHED,
            "count": objective in PICKED,
            "place": objective == "neuron",
        }
        changed = self.changed()
        return next((name for name, has in effective.items() if name in changed and not has), None)

    @model_validator(mode="after")
    def _weights_fit(self) -> "LayerWeight":
        if self.channel_weights and len(self.channel_weights) != len(self.channels):
            counts = f"{len(self.channel_weights)} for {len(self.channels)} channels"
            raise ValueError(f"channel_weights needs one weight for each of channels, got {counts}")
        if self.channel_weights and not any(self.channel_weights):
            raise ValueError("channel_weights are all 0: nothing would be dreamed")
        return self


def _only_where(mask: MaskOptions | None) -> MaskOptions | None:
    if mask and mask.motion:
        problem = "a mask of a guide or a direction is a shape or a picture"
        raise ValueError(f"{problem}; motion is for dream.mask")
    if mask and "strength" in mask.changed():
        problem = "the mask of a guide or a direction says where"
        raise ValueError(f"{problem}; its weight says how strongly")
    return mask


class GuideWeight(Options):
    """Image whose features are amplified, and its weight among the guides."""

    path: File
    weight: Annotated[Scheduled, Bounds(ge=0, le=1e6)] = Field(
        default=1.0, description="relative to the other guides; over time one can become another"
    )
    size: int = Field(
        default=96,
        ge=16,
        le=1024,
        description="pixels of the shorter side that a larger picture is scaled to: what it shows "
        "is dreamed at that size",
    )
    mask: Masked = Field(
        default=None, description="where it acts: a shape or an image; none: everywhere"
    )

    _not_nothing = field_validator("weight")(_not_zero)
    _where = field_validator("mask")(_only_where)


def is_name(value: object) -> bool:
    """Test for the name of a direction, as opposed to the path of its file."""
    return isinstance(value, str) and not re.search(r"[/\\]|\.safetensors$|^~|^$", value)


def _as_name_or_file(value: str | Path) -> str:
    """Write a path so that it is not read as a name."""
    text = str(value)
    return f"./{text}" if isinstance(value, Path) and is_name(text) else text


NameOrFile = Annotated[
    str | Path,
    BeforeValidator(lambda value: value if is_name(value) else read_file(value)),
    PlainSerializer(_as_name_or_file, when_used="json"),
    WithJsonSchema({"type": "string"}),
]


class DirectionWeight(Weighted):
    """Direction, and its weight among the directions."""

    name: NameOrFile = Field(description="a name of `dreamvid direction`, or a file")
    mask: Masked = Field(
        default=None, description="where it acts: a shape or an image; none: everywhere"
    )

    _where = field_validator("mask")(_only_where)

    @property
    def plain(self) -> bool:
        """True where a name or path says it all."""
        return self.weight == 1 and self.mask is None


CLASS_NUMBER = {"type": "integer", "minimum": 0}


def _as_text(label: object) -> object:
    """Accept a class by its number."""
    return str(label) if isinstance(label, int) and not isinstance(label, bool) else label


class ClassWeight(Weighted):
    """Class of the network, or several by a noun or a group, to show everywhere."""

    label: Annotated[
        str,
        BeforeValidator(_as_text),
        Field(min_length=1),
        WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, CLASS_NUMBER]}),
    ] = Field(description="such as lion, a noun such as bird, a group such as city, or a number")


class WordsWeight(Weighted):
    """Words of a city model to show everywhere."""

    text: str = Field(min_length=1, description='such as "gaudi" or "food -people"')


def _listed(key: str) -> Callable[[object], object]:
    """Make a validator that turns a name or a list of names into a list of tables."""

    def read(value: object) -> object:
        if value is None:
            return ()
        items = list(value) if isinstance(value, list | tuple) else [value]
        if len(items) > MOST_ENTRIES:  # each takes a forward pass or a convolution in every step
            raise ValueError(f"{len(items)} entries are too many; at most {MOST_ENTRIES}")
        # An integer is neither path nor name: left for the type to refuse.
        return [item if isinstance(item, dict | Options) else {key: item} for item in items]

    return read


def _schema(kind: type[Options], *also: dict[str, Any]) -> WithJsonSchema:
    one = [{"type": "string"}, *also, kind.model_json_schema()]
    return WithJsonSchema({"anyOf": [*one, {"type": "array", "items": {"anyOf": one}}]})


def _alone(entries: tuple[DirectionWeight, ...], write: Callable[[object], Any]) -> Any:
    """Write a direction alone as its name or path, and none as None."""
    tables = write(entries)
    return tables[0]["name"] if is_alone(entries) else tables or None


def is_alone(entries: tuple[DirectionWeight, ...]) -> bool:
    """Test for one direction that its name or path says all of."""
    return len(entries) == 1 and entries[0].plain


Layers = Annotated[tuple[LayerWeight, ...], BeforeValidator(_listed("name")), _schema(LayerWeight)]
Guides = Annotated[tuple[GuideWeight, ...], BeforeValidator(_listed("path")), _schema(GuideWeight)]
Directions = Annotated[
    tuple[DirectionWeight, ...],
    BeforeValidator(lambda value: _listed("name")(None if value == "none" else value)),
    WrapSerializer(_alone),
    _schema(DirectionWeight),
]
Classes = Annotated[
    tuple[ClassWeight, ...], BeforeValidator(_listed("label")), _schema(ClassWeight, CLASS_NUMBER)
]
Words = Annotated[tuple[WordsWeight, ...], BeforeValidator(_listed("text")), _schema(WordsWeight)]
