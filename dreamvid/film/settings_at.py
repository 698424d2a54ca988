"""Options at a moment: every schedule replaced by the number it then is."""

from dataclasses import replace
from fractions import Fraction
from functools import partial

from dreamvid.dream.colour import Grade
from dreamvid.dream.settings import Ascent
from dreamvid.motion.moves import Motion
from dreamvid.preset.schema import (
    ColourOptions,
    DreamOptions,
    MotionOptions,
    Scheduled,
)
from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.moment import Moment


def ascent_at(options: DreamOptions, moment: Moment) -> Ascent:
    at = partial(value_at, moment=moment)
    return Ascent(
        octaves=_whole(options.octaves, moment),
        octave_scale=at(options.octave_scale),
        octave_step=at(options.octave_step),
        steps=_whole(options.steps, moment),
        step_size=at(options.step_size),
        last_step=at(options.last_step),
        jitter=_whole(options.jitter, moment),
        optimiser=options.optimiser,
        pyramid=_whole(options.pyramid, moment),
        frequency=at(options.frequency),
        smooth=at(options.smooth),
        decorrelate=at(options.decorrelate),
        luminance=at(options.luminance),
        total_variation=at(options.total_variation),
        high_frequency=at(options.high_frequency),
        sharpen=at(options.sharpen),
        saturation_limit=at(options.saturation_limit),
    )


def grade_at(options: ColourOptions, moment: Moment) -> Grade:
    return Grade(
        keep=options.keep,
        strength=value_at(options.strength, moment),
        contrast=value_at(options.contrast, moment),
        saturation=value_at(options.saturation, moment),
    )


def motion_at(options: MotionOptions, moment: Moment) -> Motion:
    at = partial(value_at, moment=moment)
    wave = at(options.wave)
    return Motion(
        zoom=at(options.zoom),
        turn=at(options.turn),
        shift=(at(options.shift[0]), at(options.shift[1])),
        centre=(at(options.centre[0]), at(options.centre[1])),
        classic_zoom=at(options.classic_zoom),
        yaw=at(options.yaw),
        pitch=at(options.pitch),
        roll=at(options.roll),
        dolly=at(options.dolly),
        field_of_view=at(options.field_of_view),
        vortex=at(options.vortex),
        vortex_radius=at(options.vortex_radius),
        wave=wave,
        wave_length=at(options.wave_length),
        wave_phase=_waves_gone(options, moment) if wave else 0.0,
        kaleidoscope=_whole(options.kaleidoscope, moment),
        droste=at(options.droste),
        droste_turn=at(options.droste_turn),
    )


def _waves_gone(options: MotionOptions, moment: Moment) -> float:
    """How many waves have gone by: the speed of each frame so far, added up."""
    seconds, speed = float(frame_seconds(options, moment.fps)), options.wave_speed
    if not isinstance(speed, Curve):
        return speed * moment.frame * seconds
    passed = (speed.at(replace(moment, frame=n)) for n in range(1, moment.frame + 1))
    return sum(passed) * seconds


def frame_seconds(options: MotionOptions, fps: Fraction) -> Fraction:
    """How long a frame lasts in what the rates are for: seconds, or frames."""
    return 1 / fps if options.per == "second" else Fraction(1)


def _whole(number: Scheduled, moment: Moment) -> int:
    return round(value_at(number, moment))
