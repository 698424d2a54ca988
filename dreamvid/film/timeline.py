"""Timeline of a film: the moment of each frame, and the schedules evaluated there."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.film.kept import Kept, stamps
from dreamvid.film.span import sound_start
from dreamvid.media.audio.analysis import analyse
from dreamvid.media.audio.source import has_sound, probe_sound
from dreamvid.media.images.sequence import find_frames
from dreamvid.preset.schedules import schedules
from dreamvid.preset.schema import Preset
from dreamvid.schedule.curve import Curve
from dreamvid.schedule.moment import SOUND, Moment

logger = logging.getLogger(__name__)

OPERATIONS = 500_000  # of schedules, before a film begins: about a second
OVERHEAD = 5  # of an evaluation, in operations

Levels = Callable[[int], Mapping[str, float]]
"""Frame -> the sound's levels: rms, bass, mid, high, onset, beat."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Rate, length and sound of a film."""

    fps: Fraction
    frames: int  # of the film
    bpm: float | None = None
    levels: Levels | None = None
    loops: bool = False  # frame -1 is the last one
    seed: int = 0
    stride: int = 1  # schedules are tried in one frame of so many

    def moment(self, index: int) -> Moment:
        """Make the moment of a frame."""
        frame = index % self.frames if self.loops else index
        past = frame % self.stride  # frames since the last one that was tried
        return Moment(
            frame=frame,
            fps=self.fps,
            frames=self.frames,
            bpm=self.bpm,
            seed=self.seed,
            sound=self.levels(frame) if self.levels else {},
            tried=self.moment(frame - past) if past and 0 < frame < self.frames else None,
        )

    @property
    def tried(self) -> range:
        """Frames in which schedules are tried before any work begins."""
        return range(0, self.frames, self.stride)


def make_timeline(preset: Preset, sound: Path | None, kept: Kept | None = None) -> Timeline:
    """Make the timeline of a film whose rate and length are explicit; raises VideoError.

    The sound is analysed only if a schedule follows it, and `kept` has not its levels.
    """
    options, fps, frames = preset.sound, preset.video.rate, preset.video.count
    levels = None
    heard = {*SOUND} | ({"beat"} if options.bpm is None else set())
    if sound and any(curve.names & heard for _, curve in schedules(preset)):
        settings = {
            "fps": fps,
            "frames": frames,
            "attack": options.attack,
            "release": options.release,
            "bpm": options.bpm,
            "first": sound_start(preset),
        }
        key = stamps([sound]), settings
        levels = (kept or Kept()).part("levels", key, lambda: analyse(sound, **settings)).at
    loops = preset.loop.kind != "none"
    cost = sum(curve.cost + OVERHEAD for _, curve in schedules(preset))
    return Timeline(
        fps=fps,
        frames=frames,
        bpm=options.bpm,
        levels=levels,
        loops=loops,
        seed=preset.seed,
        stride=max(1, -(-frames * cost // OPERATIONS)),
    )


def still_timeline(preset: Preset) -> Timeline:
    """Make the timeline of a still, a film of one frame; raises PresetError."""
    timeline = Timeline(fps=preset.video.rate, frames=1, bpm=preset.sound.bpm, seed=preset.seed)
    check_schedules(preset, timeline)
    return timeline


def sound_of(preset: Preset) -> Path | None:
    """Find the file of the film's sound, if it has one; raises PresetError, VideoError."""
    if preset.sound.path:
        if not preset.sound.path.exists():
            raise PresetError("sound.path", f"{preset.sound.path} does not exist")
        if probe_sound(preset.sound.path) is None:
            raise PresetError("sound.path", f"{preset.sound.path} has no sound")
        return preset.sound.path
    footage = preset.start.path if preset.of_footage else None
    if footage is None or preset.start.every > 1 or find_frames(footage) is not None:
        return None
    return footage if has_sound(footage) else None


def check_schedules(
    preset: Preset, timeline: Timeline, tried: dict[str, Curve] | None = None
) -> None:
    """Evaluate every schedule in the frames to try; raises PresetError naming option and frame.

    Those in `tried`, of the same timeline, are not evaluated again; the others are added.

    In a film so long that not all are tried, a frame without a value keeps that of the last one
    tried: no film is lost halfway.
    """
    tried = {} if tried is None else tried
    curves = {name: curve for name, curve in schedules(preset) if tried.get(name) != curve}
    if timeline.stride > 1:
        logger.warning(
            "of %d frames one in %d is tried; a schedule without a value later keeps its last",
            timeline.frames,
            timeline.stride,
        )
    for index in timeline.tried if curves else ():
        moment = timeline.moment(index)
        for option, curve in curves.items():
            try:
                curve.at(moment)
            except ValueError as error:
                raise PresetError(option, str(error)) from None
    tried |= curves


def length_dependent(shorter: Preset, longer: Preset) -> tuple[str, ...]:
    """List the options whose schedules differ between two lengths of a film, in the shorter one."""
    if not dict(schedules(shorter)):
        return ()
    sound = sound_of(shorter)
    times = make_timeline(shorter, sound), make_timeline(longer, sound)
    return tuple(
        option
        for option, curve in schedules(shorter)
        if any(
            curve.at(times[0].moment(index)) != curve.at(times[1].moment(index))
            for index in times[0].tried
        )
    )
