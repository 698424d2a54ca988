"""[dream]: how each frame is dreamed."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dreamvid.preset.base import Scheduled
from dreamvid.preset.mask import Masked
from dreamvid.preset.objectives import (
    GUIDED,
    PICKED,
    Classes,
    Directions,
    DirectionWeight,
    Guides,
    LayerObjective,
    Layers,
    Words,
    is_alone,
)
from dreamvid.preset.shaping import ShapingOptions
from dreamvid.preset.values import Finite, Fps, Tile
from dreamvid.schedule.curve import Bounds


class DreamOptions(ShapingOptions):
    """Settings of a frame's dream. The defaults are those of the 2015 program."""

    layers: Layers = Field(
        default=(),
        description="names or {name, weight, channels, objective ...}; empty: the model's own",
    )
    tour: Finite = Field(
        default=0.0,
        ge=0,
        le=1e6,
        description="seconds each layer has alone, one after another; 0: all together",
    )
    objective: LayerObjective = Field(
        default="energy", description="objective of the layers that have none of their own"
    )
    guide: Guides = Field(
        default=(), description="images whose features are amplified: paths or {path, weight}"
    )
    direction: Directions = Field(
        default=(),
        description="a weight for each channel: a name of `dreamvid direction`, or a "
        ".safetensors file with an array a layer; or a list of them, or of {name, weight, mask}: "
        "with weights over time one becomes another",
    )
    classes: Classes = Field(
        default=(), description="labels or groups to show everywhere, or {label, weight}"
    )
    words: Words = Field(
        default=(),
        description="words to show everywhere, by a model that knows some, or {text, weight}",
    )
    mask: Masked = Field(
        default=None,
        description="where to dream: a shape, a file or what moves, or {shape, feather ...}; "
        "none: everywhere",
    )
    pick: Literal["first", "frame"] = Field(
        default="first",
        description="strongest, weakest, average: channels of the first frame, or of each",
    )
    octaves: Annotated[Scheduled, Bounds(ge=1, le=20, whole=True)] = Field(
        default=4, description="number of sizes dreamed, the full one included"
    )
    octave_scale: Annotated[Scheduled, Bounds(gt=1, le=4)] = Field(
        default=1.4, description="ratio of an octave's sides to the one before"
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
        description="use the first frame's shifts in each: no flicker, but on still pictures a "
        "grid may show; default: for footage",
    )
    every: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="dream one frame in N; the others are moved exactly, the dream fading in",
    )
    rate: Fps | None = Field(
        default=None, description="instead of every: dreamed frames a second, a divisor of fps"
    )
    precision: Literal["auto", "single", "half"] = Field(
        default="auto",
        description="number format of the network; half is faster and a little rougher; auto: "
        "half on NVIDIA GPUs, single elsewhere",
    )
    tile: Tile = Field(
        default="auto",
        description="side, in pixels, of the tiles that gradients are computed in; auto: whole "
        "images, but tiles where memory is short; off: always whole",
    )

    @property
    def layer_objectives(self) -> tuple[LayerObjective, ...]:
        """Objective of each layer; of no layers, the one that the model's usual layers get."""
        if not self.layers:
            return (self.objective,)
        return tuple(layer.objective or self.objective for layer in self.layers)

    @property
    def directions(self) -> dict[str, DirectionWeight]:
        """Entries of `direction` by option: dream.direction, or dream.direction[0] of a list."""
        if is_alone(self.direction):
            return {"dream.direction": self.direction[0]}
        return {f"dream.direction[{n}]": entry for n, entry in enumerate(self.direction)}

    @property
    def guided_layers(self) -> list[str]:
        """Names of the layers whose objective needs a guide."""
        return self.layers_of(*GUIDED)

    def layers_of(self, *objectives: str) -> list[str]:
        """Names of the layers that have one of these objectives."""
        pairs = zip(self.layers, self.layer_objectives, strict=False)
        return [layer.name for layer, objective in pairs if objective in objectives]

    @model_validator(mode="before")
    @classmethod
    def _infer_objective(cls, table: Any) -> Any:
        if isinstance(table, dict) and "objective" not in table:
            if table.get("guide"):
                return {**table, "objective": "guide"}
            if table.get("direction", "none") not in ("none", None, [], ()):
                return {**table, "objective": "direction"}
        return table

    @model_validator(mode="after")
    def _every_option_has_an_effect(self) -> "DreamOptions":
        objectives = self.layer_objectives
        if self.guide and not any(name in GUIDED for name in objectives):
            raise ValueError(f'guide has no effect with objective = "{self.objective}"')
        if self.direction and "direction" not in objectives:
            raise ValueError(f'direction has no effect with objective = "{self.objective}"')
        if self.pick == "frame" and not any(name in PICKED for name in objectives):
            raise ValueError(f"pick has an effect with objectives {', '.join(PICKED)} only")
        for layer, objective in zip(self.layers, objectives, strict=False):
            if idle := layer.without_effect(objective):
                raise ValueError(f'{idle} of {layer.name} has no effect with "{objective}"')
            if objective in ("channel", "neuron") and not layer.channels:
                raise ValueError(f'objective "{objective}" needs the channels of {layer.name}')
        if not self.layers and self.objective in ("channel", "neuron"):
            raise ValueError(f'objective "{self.objective}" needs layers with channels')
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
        pairs = [(layer.name, one) for layer, one in zip(self.layers, objectives, strict=False)]
        if not self.tour and len({*pairs}) < len(pairs):
            raise ValueError("layers names one layer twice; give its channels in one list")
        return self
