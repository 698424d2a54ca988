"""Options at a moment: each schedule evaluated for one frame.

A field of `Ascent`, `Motion` or `Grade` takes the option of the same name. To add a setting,
add the field there and the option to the preset; nothing here changes.
"""

from dataclasses import fields, replace
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Any, TypeVar

from dreamvid.dream.colour import Grade
from dreamvid.dream.settings import Ascent
from dreamvid.motion.moves import Motion
from dreamvid.preset.schema import ColourOptions, DreamOptions, MotionOptions, Options
from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.moment import Moment

Settings = TypeVar("Settings", Ascent, Grade, Motion)


def ascent_at(options: DreamOptions, moment: Moment) -> Ascent:
    """Evaluate [dream] at a moment; raises ValueError."""
    return _evaluate(Ascent, options, moment)


def grade_at(options: ColourOptions, moment: Moment) -> Grade:
    """Evaluate [colour] at a moment; raises ValueError."""
    return _evaluate(Grade, options, moment)


def motion_at(options: MotionOptions, moment: Moment) -> Motion:
    """Evaluate [motion] at a moment; raises ValueError."""
    return _evaluate(Motion, options, moment, wave_phase=_wave_phase(options, moment))


def _evaluate(kind: type[Settings], options: Options, moment: Moment, **computed: Any) -> Settings:
    names = {field.name: field.type for field in fields(kind) if field.name not in computed}
    values = {name: _value(getattr(options, name), moment) for name, type in names.items()}
    whole = {name: round(values[name]) for name, type in names.items() if type is int}
    return kind(**values | whole | computed)


def _value(option: Any, moment: Moment) -> Any:
    if isinstance(option, tuple):
        return tuple(_value(item, moment) for item in option)
    return option.at(moment) if isinstance(option, Curve) else option


def _wave_phase(options: MotionOptions, moment: Moment) -> float:
    """Integrate `wave_speed` from frame 1 on: the number of waves that have passed."""
    if not value_at(options.wave, moment):
        return 0.0
    seconds, speed = float(frame_seconds(options, moment.fps)), options.wave_speed
    if not isinstance(speed, Curve):
        return speed * moment.frame * seconds
    speeds = _speeds(speed, moment.fps, moment.frames, moment.bpm, moment.seed)
    for frame in range(len(speeds) + 1, moment.frame + 1):
        try:
            speeds.append(float(speed.at(replace(moment, frame=frame, sound={}, tried=None))))
        except ValueError:  # not one of the frames that were tried before the film
            speeds.append(speeds[-1] if speeds else 0.0)
    # A run of one speed counts as that of a constant does, to the last bit.
    runs = groupby(speeds[: max(0, moment.frame)])
    return sum(one * len(list(run)) for one, run in runs) * seconds


@lru_cache(maxsize=8)
def _speeds(speed: Curve, fps: Fraction, frames: int, bpm: float | None, seed: int) -> list[float]:
    """Begin the list of a speed, which never follows a sound, in the frames from 1 on."""
    return []


def frame_seconds(options: MotionOptions, fps: Fraction) -> Fraction:
    """Duration of a frame in the unit of the rates: seconds, or frames."""
    return 1 / fps if options.per == "second" else Fraction(1)
