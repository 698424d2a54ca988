"""Moments of a preset's film, without its sound."""

from dataclasses import dataclass
from fractions import Fraction

from dreamvid.preset.schema import Preset
from dreamvid.schedule.moment import Moment


@dataclass(frozen=True)
class Length:
    """Length and rate of a film."""

    frames: int
    fps: Fraction


@dataclass(frozen=True)
class Times:
    """Moments of a film by frame, as the engine's Timeline makes them."""

    length: Length
    bpm: float | None
    seed: int
    loops: bool

    def moment(self, frame: int) -> Moment:
        length = self.length
        return Moment(
            frame=frame % length.frames if self.loops else frame,
            fps=length.fps,
            frames=length.frames,
            bpm=self.bpm,
            seed=self.seed,
        )


def times_of(preset: Preset, footage: Length | None) -> Times:
    """Make the times of a preset's film; `footage` has those that the preset leaves open."""
    video = preset.video
    frames, fps = video.count, video.rate
    if preset.of_footage and footage:
        fps = video.fps or footage.fps
        if video.frames is None and video.seconds is None:
            frames = footage.frames
    loops = preset.loop.kind != "none"
    return Times(Length(frames, fps), preset.sound.bpm, preset.seed, loops)
