"""How the gradient is shaped before it becomes a step: what makes dreams clean, not noisy."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from dreamvid.errors import suggest
from dreamvid.preset.base import Options, Scheduled, Share
from dreamvid.preset.looks import LOOKS
from dreamvid.preset.values import OneOf
from dreamvid.schedule.curve import Bounds


class ShapingOptions(Options):
    """Part of [dream]. The defaults are those of the 2015 program."""

    look: Annotated[str, OneOf(LOOKS)] = Field(
        default="classic",
        description="sets, of the options of a step, those that are not given; classic: none",
    )
    optimiser: Literal["ascent", "momentum", "adam"] = Field(
        default="ascent",
        description="momentum: forms grow on; adam: weak places change as much as strong ones",
    )
    pyramid: Annotated[Scheduled, Bounds(ge=0, le=10, whole=True)] = Field(
        default=0, description="Laplacian levels the gradient is evened out over; 0: none"
    )
    frequency: Annotated[Scheduled, Bounds(ge=0, le=3)] = Field(
        default=0.0,
        description="each wave of a step is divided by its frequency to this power; "
        "0: not at all, 1: as in photos",
    )
    smooth: Annotated[Scheduled, Bounds(ge=0, le=64)] = Field(
        default=0.0,
        description="sigma, in pixels, that steps are blurred by, with its half and double",
    )
    decorrelate: Share = Field(
        default=0.0, description="share of the step taken in colours that photos have"
    )
    luminance: Share = Field(
        default=0.0, description="share of the step taken in light alone; 1: colours stay"
    )
    total_variation: Share = Field(
        default=0.0, description="pull towards even surfaces with edges, as a share of step_size"
    )
    high_frequency: Share = Field(
        default=0.0, description="pull away from the finest detail, as a share of step_size"
    )
    octave_step: Annotated[Scheduled, Bounds(gt=0, le=4)] = Field(
        default=1.0, description="step_size in an octave over that in the next smaller one"
    )
    last_step: Annotated[Scheduled, Bounds(ge=0, le=4)] = Field(
        default=1.0, description="size of an octave's last step over that of its first"
    )
    sharpen: Annotated[Scheduled, Bounds(ge=0, le=4)] = Field(
        default=0.0, description="unsharp mask, of 1.5 pixels, of what was dreamed"
    )
    saturation_limit: Annotated[Scheduled, Bounds(ge=0, le=150)] = Field(
        default=0.0,
        description="chroma in CIE Lab that no dream goes beyond; 0: none, 60: vivid, 30: pale",
    )

    @field_validator("look", mode="before")
    @classmethod
    def _is_known(cls, look: Any) -> Any:
        if isinstance(look, str) and look not in LOOKS:
            raise ValueError(f"is no look ({suggest(look, LOOKS)})")
        return look

    @model_validator(mode="before")
    @classmethod
    def _a_look_sets_what_is_not_given(cls, table: Any) -> Any:
        look = table.get("look") if isinstance(table, dict) else None
        return {**LOOKS[look], **table} if isinstance(look, str) and look in LOOKS else table
