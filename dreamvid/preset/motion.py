"""[motion]: the camera."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dreamvid.preset.base import Options, Scheduled
from dreamvid.preset.values import Colour
from dreamvid.schedule.curve import Bounds, Curve
from dreamvid.schedule.moment import SOUND

Rate = Annotated[Scheduled, Bounds(ge=-1e6, le=1e6)]
Angle = Annotated[Scheduled, Bounds(ge=-36_000, le=36_000)]


class MotionOptions(Options):
    """Camera motion, in rates per second of video, so that a film looks the same at any fps."""

    per: Literal["second", "frame"] = Field(
        default="second", description='unit of time of the rates; "frame" as in Deforum'
    )
    zoom: Annotated[Scheduled, Bounds(ge=1e-6, le=1e6)] = Field(
        default=1.0, description="ratio of sizes after and before a second; above 1 goes in"
    )
    turn: Angle = Field(default=0.0, description="degrees a second, anticlockwise")
    shift: tuple[Rate, Rate] = Field(
        default=(0.0, 0.0), description="picture widths and heights a second, right, down"
    )
    centre: tuple[Rate, Rate] = Field(
        default=(0.5, 0.5), description="fixed point of zoom and turn: shares of width and height"
    )
    classic_zoom: Annotated[Scheduled, Bounds(ge=0, lt=1)] = Field(
        default=0.0, description="2015's s, per frame, about (w/2, h/2); instead of zoom"
    )
    yaw: Angle = Field(default=0.0, description="degrees a second the camera looks to the right")
    pitch: Angle = Field(default=0.0, description="degrees a second the camera looks up")
    roll: Angle = Field(default=0.0, description="degrees a second the camera leans to the right")
    dolly: Annotated[Scheduled, Bounds(ge=-100, le=0.99)] = Field(
        default=0.0, description="share of the distance covered in a second; below 0: back"
    )
    field_of_view: Annotated[Scheduled, Bounds(ge=5, le=150)] = Field(
        default=60.0, description="of the camera, in degrees across the picture"
    )
    vortex: Angle = Field(
        default=0.0, description="degrees a second at the centre, fewer outwards; anticlockwise"
    )
    vortex_radius: Annotated[Scheduled, Bounds(ge=0.01, le=100)] = Field(
        default=0.5, description="radius of 1/e of the vortex's speed, in picture heights"
    )
    wave: Annotated[Scheduled, Bounds(ge=-10, le=10)] = Field(
        default=0.0, description="peak speed of the swaying, in picture heights a second"
    )
    wave_length: Annotated[Scheduled, Bounds(ge=0.01, le=100)] = Field(
        default=0.3, description="of the swaying, in picture heights"
    )
    wave_speed: Annotated[Scheduled, Bounds(ge=-100, le=100)] = Field(
        default=0.5, description="waves that pass in a second"
    )
    kaleidoscope: Annotated[Scheduled, Bounds(ge=0, le=64, whole=True)] = Field(
        default=0, description="sectors that mirror each other about the centre; 0: none"
    )
    droste: Annotated[Scheduled, Bounds(ge=1, le=1000)] = Field(
        default=1.0,
        description="picture within itself: ratio of a ring to the one inside it; 1: none",
    )
    droste_turn: Angle = Field(
        default=0.0, description="rotation of each inner ring against the one around it, in degrees"
    )
    border: Literal["mirror", "wrap", "clamp", "colour", "dream"] = Field(
        default="mirror",
        description="content past the borders; dream: matched noise and extra steps there",
    )
    border_colour: Colour = Field(default="#000000", description='for border = "colour"')
    border_steps: Annotated[Scheduled, Bounds(ge=0, le=1000, whole=True)] = Field(
        default=8, description='extra steps in an octave where border = "dream" fills in'
    )
    sampling: Literal["cubic", "bilinear"] = Field(
        default="cubic", description="cubic stays sharp over hundreds of frames; bilinear is 2015's"
    )
    sharpness: Annotated[Scheduled, Bounds(ge=0, le=0.75)] = Field(
        default=0.55, description="of the cubic: less blurs from frame to frame, 0.75 rings"
    )

    @model_validator(mode="after")
    def _every_option_has_an_effect(self) -> "MotionOptions":
        if self.classic_zoom and (self.zoom != 1 or self.centre != (0.5, 0.5)):
            raise ValueError("classic_zoom replaces zoom and centre; give one or the other")
        if isinstance(self.wave_speed, Curve) and self.wave_speed.names & {*SOUND, "beat"}:
            raise ValueError("wave_speed cannot follow a sound; wave can")
        changed = self.changed()
        if self.border != "colour" and "border_colour" in changed:
            raise ValueError('border_colour needs border = "colour"')
        if self.border != "dream" and "border_steps" in changed:
            raise ValueError('border_steps needs border = "dream"')
        return self
