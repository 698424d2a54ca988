"""What a dream is to make more of: layers, guides, classes and words, each with its weight."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from dreamvid.preset.base import Options, Scheduled
from dreamvid.preset.mask import Masked, MaskOptions
from dreamvid.preset.values import File, Finite
from dreamvid.schedule.curve import Bounds

Weight = Annotated[Scheduled, Bounds(ge=-1e6, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]

Picked = Literal["strongest", "weakest", "average"]
Guided = Literal["guide", "guide-mean", "style"]
LayerObjective = Literal["energy", "channel", Picked, "direction", "neuron", "diversity", Guided]
"""The objectives; what is registered in `dream/objectives/` has the same names."""
PICKED: tuple[str, ...] = get_args(Picked)
GUIDED: tuple[str, ...] = get_args(Guided)
WEIGHED = ("energy", "channel", "direction", "neuron")
"""What takes a weight for each of a layer's channels."""


def _some(weight: Scheduled) -> Scheduled:
    if isinstance(weight, int | float) and abs(weight) < 1e-6:
        raise ValueError("what has no weight has no effect; leave it out")
    return weight


class Weighted(Options):
    weight: Weight = Field(default=1.0, description="share among all; below 0: less of it")

    _not_nothing = field_validator("weight")(_some)


class LayerWeight(Weighted):
    """A place in the network, and its share in what is dreamed."""

    name: str = Field(min_length=1, description="see `dreamvid layers MODEL`")
    objective: LayerObjective | None = Field(
        default=None, description="what to make more of here; default: dream.objective"
    )
    channels: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="numbers of the channels dreamed; empty: all"
    )
    channel_weights: tuple[Finite, ...] = Field(
        default=(), description="a weight for each of channels; empty: all alike"
    )
    count: int = Field(
        default=10, ge=1, le=10_000, description="channels that strongest, weakest, average take"
    )
    place: tuple[Share, Share] = Field(
        default=(0.5, 0.5), description="where neuron looks: across and down, 0 to 1"
    )

    def without_effect(self, objective: LayerObjective) -> str | None:
        """The first option that says something, but not to what is dreamed here."""
        heard = {
            "channels": objective not in PICKED,
            "channel_weights": objective in WEIGHED,
            "count": objective in PICKED,
            "place": objective == "neuron",
        }
        changed = self.changed()
        return next((name for name, has in heard.items() if name in changed and not has), None)

    @model_validator(mode="after")
    def _weights_fit(self) -> "LayerWeight":
        if self.channel_weights and len(self.channel_weights) != len(self.channels):
            counts = f"{len(self.channel_weights)} for {len(self.channels)} channels"
            raise ValueError(f"channel_weights needs one weight for each of channels, got {counts}")
        if self.channel_weights and not any(self.channel_weights):
            raise ValueError("channel_weights are all 0: nothing would be dreamed")
        return self


class GuideWeight(Options):
    """A picture whose features are pulled up, and its share among the guides."""

    path: File
    weight: Annotated[Scheduled, Bounds(ge=0, le=1e6)] = Field(
        default=1.0, description="share among the guides; over time: one becomes another"
    )
    mask: Masked = Field(
        default=None, description="where it pulls: a shape or a picture; none: everywhere"
    )

    _not_nothing = field_validator("weight")(_some)

    @field_validator("mask")
    @classmethod
    def _only_where(cls, mask: MaskOptions | None) -> MaskOptions | None:
        if mask and mask.motion:
            raise ValueError("a guide's mask is a shape or a picture; motion is for dream.mask")
        if mask and "strength" in mask.changed():
            raise ValueError("a guide's mask says where; its weight says how strongly")
        return mask


CLASS_NUMBER = {"type": "integer", "minimum": 0}


def _as_text(label: object) -> object:
    """A class may be given by its number."""
    return str(label) if isinstance(label, int) and not isinstance(label, bool) else label


class ClassWeight(Weighted):
    """A class of the network's, or a group of them, to be seen everywhere."""

    label: Annotated[
        str,
        BeforeValidator(_as_text),
        Field(min_length=1),
        WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, CLASS_NUMBER]}),
    ] = Field(description="such as lion, a group such as city, or a number")


class WordsWeight(Weighted):
    """Words of a city model, to be seen everywhere."""

    text: str = Field(min_length=1, description='such as "gaudi" or "food -people"')


def _listed(key: str) -> Callable[[object], object]:
    """A reader for which a name, a list of names and a list of tables are all a list of tables."""

    def read(value: object) -> object:
        if value is None:
            return ()
        items = list(value) if isinstance(value, list | tuple) else [value]
        # An integer in a list is no path and no name: left for the type to refuse.
        return [item if isinstance(item, dict | Options) else {key: item} for item in items]

    return read


def _schema(kind: type[Options], *also: dict[str, Any]) -> WithJsonSchema:
    one = [{"type": "string"}, *also, kind.model_json_schema()]
    return WithJsonSchema({"anyOf": [*one, {"type": "array", "items": {"anyOf": one}}]})


Layers = Annotated[tuple[LayerWeight, ...], BeforeValidator(_listed("name")), _schema(LayerWeight)]
Guides = Annotated[tuple[GuideWeight, ...], BeforeValidator(_listed("path")), _schema(GuideWeight)]
Classes = Annotated[
    tuple[ClassWeight, ...], BeforeValidator(_listed("label")), _schema(ClassWeight, CLASS_NUMBER)
]
Words = Annotated[tuple[WordsWeight, ...], BeforeValidator(_listed("text")), _schema(WordsWeight)]
