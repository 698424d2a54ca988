"""Options at a moment, for all fields of the settings."""

from dataclasses import fields, replace
from fractions import Fraction

import pytest

from dreamvid.dream.colour import Grade
from dreamvid.dream.settings import Ascent
from dreamvid.film.settings_at import ascent_at, grade_at, motion_at
from dreamvid.motion.moves import Motion
from dreamvid.preset.schema import ColourOptions, DreamOptions, MotionOptions
from dreamvid.schedule.curve import Curve
from dreamvid.schedule.moment import Moment

MOMENT = Moment(frame=3, fps=Fraction(8), frames=9)
COMPUTED = {"wave_phase"}  # from other options than the one of its name
KINDS = [
    (Ascent, DreamOptions, ascent_at),
    (Grade, ColourOptions, grade_at),
    (Motion, MotionOptions, motion_at),
]


@pytest.mark.parametrize(("kind", "table", "make"), KINDS)
def test_settings_default_to_the_options(kind, table, make):
    options, settings = table(), make(table(), MOMENT)
    for name in {field.name for field in fields(kind)} - COMPUTED:
        assert getattr(settings, name) == getattr(options, name)


@pytest.mark.parametrize(("kind", "table", "make"), KINDS)
def test_settings_follow_the_schedule_of_their_name(kind, table, make):
    def scheduled(number, usual):
        if isinstance(usual, str):
            return f"word {number}", f"word {number}"
        if isinstance(usual, tuple):
            return (Curve(f"{number} + frame"), 0.25), (number + 3, 0.25)
        value = number + 3.75
        return Curve(f"{number}.75 + frame"), round(value) if isinstance(usual, int) else value

    known = [field for field in fields(kind) if field.name not in COMPUTED]
    pairs = {f.name: scheduled(number, f.default) for number, f in enumerate(known)}
    options = table.model_construct(**{name: option for name, (option, _) in pairs.items()})
    settings = make(options, MOMENT)
    for name, (_, expected) in pairs.items():
        value = getattr(settings, name)
        assert value == expected and type(value) is type(expected)


def waves(speed):
    return MotionOptions.model_validate({"wave": 0.1, "wave_speed": speed, "per": "frame"})


def test_wave_phase_is_the_sum_of_the_speeds():
    options = waves("0.1 + frame/3")
    for frame in (-2, 0, 1, 8, 20):
        passed = sum(0.1 + n / 3 for n in range(1, frame + 1))
        assert motion_at(options, replace(MOMENT, frame=frame)).wave_phase == passed
    assert motion_at(options.model_copy(update={"wave": 0.0}), MOMENT).wave_phase == 0


def test_wave_phase_evaluates_each_frame_once(monkeypatch):
    evaluated = []
    at = Curve.at

    def counted(curve, moment):
        evaluated.append(moment.frame)
        return at(curve, moment)

    monkeypatch.setattr(Curve, "at", counted)
    options = waves("0.2 + p*0.01")
    for frame in range(300):
        motion_at(options, Moment(frame=frame, fps=Fraction(24), frames=300))
    assert sorted(evaluated) == [*range(1, 300)]
