"""Schema of presets: every option with its unit, range and default.

Imports neither torch nor libav, so that a typo is answered at once. One module a table, or a few
that belong together.
"""

from typing import Any

from pydantic import Field, model_validator

from dreamvid.preset.base import Options, flatten
from dreamvid.preset.colour import ColourOptions
from dreamvid.preset.dream import DreamOptions
from dreamvid.preset.film import (
    FlowOptions,
    LoopOptions,
    OutputOptions,
    SoundOptions,
    VideoOptions,
)
from dreamvid.preset.motion import MotionOptions
from dreamvid.preset.start import StartOptions


class Preset(Options):
    """Complete description of a film."""

    title: str = ""
    about: str = Field(default="", description="one line for lists: what it looks like")
    model: str = Field(default="lite0", min_length=1, description="see `dreamvid models list`")
    seed: int = Field(default=0, ge=0, lt=2**31)
    start: StartOptions = StartOptions()
    dream: DreamOptions = DreamOptions()
    motion: MotionOptions = MotionOptions()
    flow: FlowOptions = FlowOptions()
    colour: ColourOptions = ColourOptions()
    sound: SoundOptions = SoundOptions()
    video: VideoOptions = VideoOptions()
    loop: LoopOptions = LoopOptions()
    outputs: OutputOptions = OutputOptions()

    @property
    def of_footage(self) -> bool:
        """True where footage is dreamed on, instead of a start picture."""
        return self.start.kind == "video"

    @model_validator(mode="after")
    def _tables_fit_together(self) -> "Preset":
        if self.of_footage:
            if self.motion.changed() - {"sampling", "sharpness"}:
                raise ValueError("footage moves by itself: [motion] is for films that grow")
            if self.loop.kind != "none":
                raise ValueError("[loop] is for films that grow, not for footage")
            if self.flow.frames:
                raise ValueError("flow.frames is for films that grow; footage has flow.strength")
            return self
        if self.dream.mask and self.dream.mask.motion:
            raise ValueError("dream.mask: motion is for footage; a shape or a file is for any film")
        if self.video.frames is None and self.video.seconds is None:
            raise ValueError("give the film's length: video.frames or video.seconds")
        if not self.flow.frames and self.flow.changed():
            raise ValueError("[flow] has no effect without flow.frames, or footage to dream on")
        for name in self.flow.changed() & {"method", "cuts", "restart"}:
            raise ValueError(f"flow.{name} is for footage; films that grow know their motion")
        return self

    @property
    def render_key(self) -> dict[str, Any]:
        """Options that the frames depend on, as flat JSON values: {"dream.octaves": 4, ...}."""
        key = self.model_dump(mode="json", exclude={"title", "about"})
        key["video"].pop("every")
        key["start"].pop("to")  # it only sets the length
        # Of the outputs only those that are written while frames are rendered.
        key["outputs"] = {name: key["outputs"][name] for name in ("stills", "frames", "poster")}
        key["video"] |= {"frames": self.video.count, "seconds": None, "depth": self.video.bits}
        return flatten(key)
