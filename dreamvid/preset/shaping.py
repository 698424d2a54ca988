"""Gradient shaping: the options of [dream] that make dreams clean instead of noisy."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from dreamvid.errors import suggest
from dreamvid.preset.base import Options, Scheduled, Share
from dreamvid.preset.looks import LOOKS
from dreamvid.preset.values import OneOf
from dreamvid.schedule.curve import Bounds


class ShapingOptions(Options):
    """Gradient shaping, part of [dream]. The defaults are those of the 2015 program."""

    look: Annotated[str, OneOf(LOOKS)] = Field(
        default="classic",
        description="named set of defaults for the options of a step; classic: none",
    )
    optimiser: Literal["ascent", "momentum", "adam"] = Field(
        default="ascent",
        description="momentum: forms keep growing; adam: weak pixels change as much as strong ones",
    )
    pyramid: Annotated[Scheduled, Bounds(ge=0, le=10, whole=True)] = Field(
        default=0, description="Laplacian levels that the gradient is normalised over; 0: none"
    )
    frequency: Annotated[Scheduled, Bounds(ge=0, le=3)] = Field(
        default=0.0,
        description="exponent that a step's spectrum falls off with: 1/f^frequency; "
        "0: not at all, 1: as in photos",
    )
    smooth: Annotated[Scheduled, Bounds(ge=0, le=64)] = Field(
        default=0.0,
        description="sigma, in pixels, of the blur of steps, mixed with its half and double",
    )
    decorrelate: Share = Field(
        default=0.0, description="share of the step taken in the decorrelated colours of photos"
    )
    luminance: Share = Field(
        default=0.0, description="share of the step taken in luminance alone; 1: colours stay"
    )
    total_variation: Share = Field(
        default=0.0, description="pull towards even surfaces with edges, as a share of step_size"
    )
    high_frequency: Share = Field(
        default=0.0, description="penalty on the finest detail, as a share of step_size"
    )
    octave_step: Annotated[Scheduled, Bounds(gt=0, le=4)] = Field(
        default=1.0, description="ratio of step_size in an octave to that in the next smaller one"
    )
    last_step: Annotated[Scheduled, Bounds(ge=0, le=4)] = Field(
        default=1.0, description="ratio of an octave's last step to its first"
    )
    sharpen: Annotated[Scheduled, Bounds(ge=0, le=4)] = Field(
        default=0.0, description="unsharp mask, of 1.5 pixels, applied to the dream"
    )
    saturation_limit: Annotated[Scheduled, Bounds(ge=0, le=150)] = Field(
        default=0.0, description="largest chroma in CIE Lab; 0: no limit, 60: vivid, 30: pale"
    )

    @field_validator("look", mode="before")
    @classmethod
    def _check_look(cls, look: Any) -> Any:
        if isinstance(look, str) and look not in LOOKS:
            raise ValueError(f"is no look ({suggest(look, LOOKS)})")
        return look

    @model_validator(mode="before")
    @classmethod
    def _apply_look(cls, table: Any) -> Any:
        look = table.get("look") if isinstance(table, dict) else None
        return {**LOOKS[look], **table} if isinstance(look, str) and look in LOOKS else table
