"""Part of the footage that a film is dreamed on, from [start] from, to and every."""

from fractions import Fraction
from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.media.footage.film_times import read_film_times
from dreamvid.media.footage.span import WHOLE, Span
from dreamvid.media.images.sequence import find_frames
from dreamvid.preset.schema import Preset, StartOptions
from dreamvid.preset.values import clip_seconds


def footage_path(options: StartOptions) -> Path:
    """Find the footage that is dreamed on; raises PresetError."""
    if options.path is None:
        raise PresetError("start.path", "this film dreams on footage", "--set start.path=CLIP")
    if not options.path.exists() and not find_frames(options.path):
        raise PresetError("start.path", f"{options.path} does not exist", "give the path of a film")
    return options.path


def span_of(options: StartOptions, fps: Fraction | None = None) -> Span:
    """Find the span of footage for a film of this rate; raises PresetError, VideoError."""
    if not options.changed() & {"from", "to", "every"}:
        return WHOLE
    times = read_film_times(footage_path(options), fps)
    length = f"the footage is {float(times.seconds):.6g} seconds long"
    begin = clip_seconds(options.begin or "0s", times.rate)
    if begin >= times.seconds:
        raise PresetError("start.from", f"{options.begin} is beyond its end", length)
    end = clip_seconds(options.to, times.rate) if options.to else None
    if end is not None and end <= begin:
        problem = f"{options.to} is not after start.from, {options.begin or '0s'}"
        raise PresetError("start.to", problem, length)
    return Span(begin, end, options.every)


def sound_start(preset: Preset) -> float:
    """Find the second of a film's sound at its first frame; raises PresetError, VideoError."""
    if preset.sound.path or not preset.of_footage:
        return 0.0
    return float(span_of(preset.start, preset.video.fps).begin)
