"""[dream]: what the network makes of each frame."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from dreamvid.options.base import Options, Scheduled, Share
from dreamvid.schedule.curve import Bounds
from dreamvid.values import File, Finite, Fps

Weight = Annotated[Scheduled, Bounds(ge=-1e6, le=1e6)]


class LayerWeight(Options):
    """A place in the network, and its share in what is dreamed."""

    name: str = Field(min_length=1, description="see `dreamvid layers MODEL`")
    weight: Weight = Field(default=1.0, description="share among the layers; below 0: less of it")
    channels: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="numbers of the channels dreamed; empty: all"
    )

    @field_validator("weight")
    @classmethod
    def _not_nothing(cls, weight: Scheduled) -> Scheduled:
        if isinstance(weight, int | float) and abs(weight) < 1e-6:
            raise ValueError("a layer of no weight has no effect; leave it out")
        return weight


class GuideWeight(Options):
    """A picture whose features are pulled up, and its share among the guides."""

    path: File
    weight: Annotated[Scheduled, Bounds(ge=0, le=1e6)] = Field(
        default=1.0, description="share among the guides; over time: one becomes another"
    )


def _listed(key: str) -> Callable[[object], object]:
    """A reader for which a name, a list of names and a list of tables are all a list of tables."""

    def read(value: object) -> object:
        if value is None:
            return ()
        items = list(value) if isinstance(value, list | tuple) else [value]
        # An integer in a list is no path and no name: left for the type to refuse.
        return [item if isinstance(item, dict | Options) else {key: item} for item in items]

    return read


def _schema(kind: type[Options]) -> WithJsonSchema:
    items = {"anyOf": [{"type": "string"}, kind.model_json_schema()]}
    return WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": items}]})


Layers = Annotated[tuple[LayerWeight, ...], BeforeValidator(_listed("name")), _schema(LayerWeight)]
Guides = Annotated[tuple[GuideWeight, ...], BeforeValidator(_listed("path")), _schema(GuideWeight)]


class DreamOptions(Options):
    """How one frame is dreamed. The defaults are those of the 2015 program."""

    layers: Layers = Field(
        default=(), description="names or {name, weight, channels}; empty: the model's own"
    )
    tour: Finite = Field(
        default=0.0,
        ge=0,
        le=1e6,
        description="seconds each layer has alone, one after another; 0: all together",
    )
    objective: Literal["energy", "guide"] = Field(
        default="energy",
        description="what to make more of: what the layers see, or what a guide has",
    )
    guide: Guides = Field(
        default=(), description="pictures whose features are pulled up: paths or {path, weight}"
    )
    octaves: Annotated[Scheduled, Bounds(ge=1, le=20, whole=True)] = Field(
        default=4, description="sizes dreamed, the full one included"
    )
    octave_scale: Annotated[Scheduled, Bounds(gt=1, le=4)] = Field(
        default=1.4, description="side of a size over the one before"
    )
    steps: Annotated[Scheduled, Bounds(ge=0, le=10_000, whole=True)] = Field(
        default=10, description="gradient steps in each octave"
    )
    step_size: Annotated[Scheduled, Bounds(ge=-255, le=255)] = Field(
        default=1.5, description="mean change of a pixel in a step, in 1/255"
    )
    jitter: Annotated[Scheduled, Bounds(ge=0, le=4096, whole=True)] = Field(
        default=32, description="largest shift before a step, in pixels"
    )
    same_jitter: bool | None = Field(
        default=None,
        description="shift each frame like the first: no flicker, but on still pictures a "
        "grid may show; default: for footage",
    )
    pyramid: Annotated[Scheduled, Bounds(ge=0, le=10, whole=True)] = Field(
        default=0, description="Laplacian levels the gradient is evened out over; 0: none"
    )
    decorrelate: Share = Field(
        default=0.0, description="share of the step taken in colours that photos have"
    )
    every: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="dream one frame in so many; the others move on exactly, the dream fading in",
    )
    rate: Fps | None = Field(
        default=None, description="instead of every: dreamed frames a second; fps is a multiple"
    )

    @model_validator(mode="before")
    @classmethod
    def _a_guide_guides(cls, table: Any) -> Any:
        if isinstance(table, dict) and table.get("guide") and "objective" not in table:
            return {**table, "objective": "guide"}
        return table

    @model_validator(mode="after")
    def _every_option_has_an_effect(self) -> "DreamOptions":
        if self.guide and self.objective != "guide":
            raise ValueError(f'guide has no effect with objective = "{self.objective}"')
        if self.step_size == 0:
            raise ValueError("step_size of 0 changes nothing; the 2015 program used 1.5")
        if self.steps == 0:
            raise ValueError("steps of 0 change nothing; the 2015 program took 10")
        if 0 < self.tour < 0.001:
            raise ValueError("tour must be 0 or at least 0.001 seconds")
        if self.tour and len(self.layers) < 2:
            raise ValueError("tour needs two layers or more")
        if self.rate and self.every > 1:
            raise ValueError("rate replaces every; give one or the other")
        names = [layer.name for layer in self.layers]
        if not self.tour and len({*names}) < len(names):
            raise ValueError("layers names one layer twice; give its channels in one list")
        return self
