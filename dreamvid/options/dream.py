"""What a preset may say: every option with its unit, range and default.

Frozen, unknown keys refused. Knows nothing of files or of torch, so that a typo is
answered at once.
"""

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from dreamvid.values import File, Finite, Fps, Modest, Pair, Size


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class StartOptions(Options):
    """The picture the film grows from."""

    kind: Literal["noise", "sky", "dusk", "image"] = Field(
        default="sky",
        description="noise, sky and dusk are generated from the seed; image is a file",
    )
    path: File | None = Field(default=None, description="the picture, for kind = image")
    size: Size | None = Field(
        default=None, description="film size; default 480x270, or the picture's own"
    )

    @model_validator(mode="after")
    def _path_belongs_to_image(self) -> "StartOptions":
        if self.path is not None and self.kind != "image":
            raise ValueError(f'path has no effect with kind = "{self.kind}"; use kind = "image"')
        if self.path is None and self.kind == "image":
            raise ValueError('kind = "image" needs a path')
        return self


class LayerWeight(Options):
    """A place in the network, and its share in what is dreamed."""

    name: str = Field(min_length=1, description="see `dreamvid layers MODEL`")
    weight: Modest = Field(default=1.0, description="share among the layers; below 0: less of it")
    channels: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="numbers of the channels dreamed; empty: all"
    )

    @field_validator("weight")
    @classmethod
    def _not_nothing(cls, weight: float) -> float:
        if abs(weight) < 1e-6:
            raise ValueError("a layer of no weight has no effect; leave it out")
        return weight


def _read_layers(value: object) -> object:
    """A name, a list of names and a list of tables all mean a list of layers."""
    listed = list(value) if isinstance(value, list | tuple) else [value]
    return [{"name": item} if isinstance(item, str) else item for item in listed]


Layers = Annotated[
    tuple[LayerWeight, ...],
    BeforeValidator(_read_layers),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "items": {"anyOf": [{"type": "string"}, LayerWeight.model_json_schema()]},
                },
            ]
        }
    ),
]


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
    guide: File | None = Field(default=None, description="a picture whose features are pulled up")
    octaves: int = Field(default=4, ge=1, le=20, description="sizes dreamed, the full one included")
    octave_scale: Finite = Field(
        default=1.4, gt=1, le=4, description="side of a size over the one before"
    )
    steps: int = Field(default=10, ge=1, le=10_000, description="gradient steps in each octave")
    step_size: Finite = Field(
        default=1.5, ge=-255, le=255, description="mean change of a pixel in a step, in 1/255"
    )
    jitter: int = Field(
        default=32, ge=0, le=4096, description="largest shift before a step, in pixels"
    )
    pyramid: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Laplacian levels the gradient is evened out over; 0: none",
    )
    decorrelate: Finite = Field(
        default=0.0, ge=0, le=1, description="share of the step taken in colours that photos have"
    )

    @model_validator(mode="before")
    @classmethod
    def _a_guide_guides(cls, table: Any) -> Any:
        if isinstance(table, dict) and table.get("guide") is not None and "objective" not in table:
            return {**table, "objective": "guide"}
        return table

    @model_validator(mode="after")
    def _every_option_has_an_effect(self) -> "DreamOptions":
        if self.guide is not None and self.objective != "guide":
            raise ValueError(f'guide has no effect with objective = "{self.objective}"')
        if self.step_size == 0:
            raise ValueError("step_size of 0 changes nothing; the 2015 program used 1.5")
        if 0 < self.tour < 0.001:
            raise ValueError("tour must be 0 or at least 0.001 seconds")
        if self.tour and len(self.layers) < 2:
            raise ValueError("tour needs two layers or more")
        names = [layer.name for layer in self.layers]
        if not self.tour and len({*names}) < len(names):
            raise ValueError("layers names one layer twice; give its channels in one list")
        return self


class MotionOptions(Options):
    """The camera, in rates per second of video, so that a film looks alike at any fps."""

    zoom: Finite = Field(
        default=1.0,
        ge=1e-6,
        le=1e6,
        description="size after a second over size before; above 1 goes in",
    )
    turn: Modest = Field(default=0.0, description="degrees a second, anticlockwise")
    shift: Pair = Field(
        default=(0.0, 0.0), description="picture widths and heights a second, right, down"
    )
    centre: Pair = Field(
        default=(0.5, 0.5), description="what stays in place: shares of width and height"
    )
    classic_zoom: Finite = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="2015's s, per frame, about (w/2, h/2); instead of zoom",
    )
    sampling: Literal["cubic", "bilinear"] = Field(
        default="cubic", description="cubic stays sharp over hundreds of frames; bilinear is 2015's"
    )
    sharpness: Finite = Field(
        default=0.55, ge=0, le=0.75, description="of the cubic; 0.5 is Catmull-Rom, 0.75 rings"
    )

    @model_validator(mode="after")
    def _one_zoom(self) -> "MotionOptions":
        if self.classic_zoom and (self.zoom != 1 or self.centre != (0.5, 0.5)):
            raise ValueError("classic_zoom replaces zoom and centre; give one or the other")
        return self


class VideoOptions(Options):
    fps: Annotated[Fps, Field(description='frames a second: 24, or "30000/1001"')] = Fraction(24)
    frames: int | None = Field(default=None, ge=1, le=10_000_000, description="length of the film")
    seconds: Finite | None = Field(
        default=None, gt=0, le=1e6, description="length, instead of frames"
    )
    every: int = Field(default=1, ge=1, description="the loop keeps one frame in so many")
    crf: int = Field(
        default=16, ge=0, le=40, description="x264's quality; lower is better and larger"
    )

    @model_validator(mode="after")
    def _one_length(self) -> "VideoOptions":
        if (self.frames is None) == (self.seconds is None):
            raise ValueError("give the length as frames or as seconds, one of the two")
        return self

    @property
    def count(self) -> int:
        """Length in frames, at least one."""
        return self.frames or max(1, round(Fraction(self.seconds or 0) * self.fps))


class OutputOptions(Options):
    """What is written beside the forward film."""

    reverse: bool = Field(default=True, description="the film backwards")
    loop: bool = Field(default=True, description="a GIF of the film forward and back")
    loop_width: int = Field(
        default=480, ge=16, le=4096, description="pixels; never wider than the film"
    )
    loop_fps: Finite = Field(default=20.0, ge=1, le=50, description="pictures a second in the loop")
    stills: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="numbers of frames kept as PNG, the first being 0"
    )


class Preset(Options):
    title: str = ""
    about: str = Field(default="", description="one line for lists: what it looks like")
    model: str = Field(default="lite0", min_length=1, description="see `dreamvid models list`")
    seed: int = Field(default=0, ge=0, lt=2**31)
    start: StartOptions = StartOptions()
    dream: DreamOptions = DreamOptions()
    motion: MotionOptions = MotionOptions()
    video: VideoOptions
    outputs: OutputOptions = OutputOptions()

    @property
    def render_key(self) -> dict[str, Any]:
        """All that the frames depend on, as flat JSON values: {"dream.octaves": 4, ...}."""
        kept = self.model_dump(mode="json", exclude={"title", "about"})
        kept["video"].pop("every")
        kept["outputs"] = {"stills": kept["outputs"]["stills"]}  # written as the frames are made
        kept["video"] |= {"frames": self.video.count, "seconds": None}
        return flatten(kept)


def flatten(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables to one level, keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
