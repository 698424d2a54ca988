"""Keyframes of a setting: what is recorded leaves the frames before as they were, bit for bit."""

from fractions import Fraction

import pytest

from dreamvid.film.timeline import Timeline
from dreamvid.schedule.curve import Bounds, value_at
from dreamvid.schedule.easing import EASES
from dreamvid.studio.desk import keyframes
from dreamvid.studio.desk.keyframes import Keyframe

BOUNDS = Bounds(ge=-1000, le=1000)
FILM = Timeline(fps=Fraction(24000, 1001), frames=97, bpm=90, seed=3)


def values(setting, frames, bounds=BOUNDS, film=FILM):
    """Evaluate a setting by the engine's own timeline."""
    read = bounds.read(setting)
    return [value_at(read, film.moment(frame)) for frame in frames]


def recorded(setting, frame, new, bounds=BOUNDS, film=FILM):
    return keyframes.record(bounds.read(setting), frame, new, film.moment)


EASED = [
    [
        {"at": "3.7f", "value": 1.1, "ease": ease},
        {"at": "41.3f", "value": -0.3, "ease": ease},
        {"at": 3, "value": 7.77, "ease": "linear"},
    ]
    for ease in EASES
]
SETTINGS = [
    1.8,
    "1 + 0.2*sin(t*7)",
    "p*frame/frames + beat",
    [{"at": "50%", "value": 2}],
    [{"at": "1b", "value": "sin(t)"}, {"at": "7b", "value": "cos(3*t)", "ease": "out"}],
    [{"at": -1, "value": 0}, {"at": 5, "value": 1, "ease": "smooth"}],
    "0:(1.02), 30:(0.7), (max_f/2):(1 + 0.1*sin(t/10)), 80:(3)",
    *EASED,
]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("frame", [0, 1, 4, 5, 17, 41, 42, 60, 96])
def test_recording_keeps_the_frames_before_and_holds_from_there(setting, frame):
    new = recorded(setting, frame, 5.5)
    assert values(new, range(frame)) == values(setting, range(frame))
    assert values(new, range(frame, 97)) == [5.5] * (97 - frame)


@pytest.mark.parametrize("ease", EASES)
def test_recording_within_long_formulas_keeps_the_frames_before(ease):
    """Their change from one to the other is too long for a formula, and becomes single keys."""
    long = "0.1*sin(t) + " * 28 + "1"
    setting = [{"at": 0, "value": long, "ease": ease}, {"at": 4, "value": long.replace("t", "p")}]
    new = recorded(setting, 50, 2.0)
    assert values(new, range(50)) == values(setting, range(50))


def test_recording_keeps_a_change_that_follows_the_sound():
    film = Timeline(
        fps=Fraction(24), frames=50, levels=lambda frame: {"bass": (frame * 0.37) % 1, "rms": 0.5}
    )
    setting = [{"at": 0, "value": "bass", "ease": "in"}, {"at": 2, "value": "2*bass*rms"}]
    new = recorded(setting, 20, 0.25, film=film)
    assert values(new, range(20), film=film) == values(setting, range(20), film=film)


def test_recording_keeps_whole_numbers():
    bounds = Bounds(ge=0, le=64, whole=True)
    setting = [{"at": 0, "value": 1}, {"at": 4, "value": 9, "ease": "elastic"}]
    new = recorded(setting, 30, 4, bounds)
    assert values(new, range(30), bounds) == values(setting, range(30), bounds)


def test_a_drag_gives_a_key_a_frame_at_most_and_none_without_a_change():
    setting = 1.0
    for frame, value in [(10, 1.0), (10, 1.2), (10, 1.3), (11, 1.3), (12, 1.5), (12, 1.3)]:
        setting = recorded(setting, frame, value)
    assert setting == [
        {"at": "0f", "value": 1.0, "ease": "hold"},
        {"at": "10f", "value": 1.3, "ease": "hold"},
    ]


def test_recording_again_earlier_replaces_what_was_recorded_from_there():
    setting = recorded(recorded(recorded(1.0, 10, 2.0), 20, 3.0), 15, 9.0)
    assert values(setting, [9, 10, 14, 15, 20, 96]) == [1, 2, 2, 9, 9, 9]


def test_recording_more_keys_than_there_may_be_is_refused():
    setting = [{"at": f"{n}f", "value": n % 7, "ease": "hold"} for n in range(1000)]
    with pytest.raises(ValueError, match="1000 keyframes"):
        recorded(setting, 2000, 99)


def test_a_long_deforum_schedule_is_refused_in_one_line():
    film = Timeline(fps=Fraction(24), frames=3000)
    with pytest.raises(ValueError, match="more than 1000 keyframes here; fix it first"):
        recorded("0:(t)", 1500, 1.0, Bounds(), film)


def test_a_keyframe_makes_a_constant_move_there():
    new = keyframes.set_key(2.0, Keyframe(24, 4.0, "linear"), FILM.moment)
    assert values(new, [0, 12, 24, 96]) == [2, 3, 4, 4]


def test_a_keyframe_is_replaced_and_keeps_the_others():
    setting = BOUNDS.read([{"at": "10f", "value": 1}, {"at": "20f", "value": 2}])
    new = keyframes.set_key(setting, Keyframe(10, "sin(t)", "smooth"), FILM.moment)
    assert new == [
        {"at": "10f", "value": "sin(t)", "ease": "smooth"},
        {"at": "20f", "value": 2},
    ]


def test_a_keyframe_moves_past_others_but_not_onto_one():
    setting = BOUNDS.read([{"at": f"{n}f", "value": n} for n in (10, 20, 30)])
    moved = keyframes.move_key(setting, 10, 25, FILM.moment)
    assert [key["at"] for key in moved] == ["20f", "25f", "30f"]
    with pytest.raises(ValueError, match="frame 30 has a keyframe"):
        keyframes.move_key(setting, 10, 30, FILM.moment)
    with pytest.raises(ValueError, match="no keyframe in frame 11"):
        keyframes.move_key(setting, 11, 12, FILM.moment)


def test_times_in_seconds_and_shares_are_found_by_their_frame():
    film = Timeline(fps=Fraction(24), frames=49)
    setting = BOUNDS.read([{"at": 1, "value": 1}, {"at": "75%", "value": 2}])
    found = keyframes.keyframes_of(setting, film.moment(0))
    assert found and [key.frame for key in found] == [24, 36]
    assert keyframes.delete_key(setting, 36, film.moment) == [{"at": "24f", "value": 1}]


def test_without_its_last_keyframe_a_setting_is_constant():
    assert keyframes.delete_key(BOUNDS.read([{"at": 0, "value": 3}]), 0, FILM.moment) == 3


def test_fixing_takes_the_value_of_a_frame():
    setting = BOUNDS.read([{"at": "0f", "value": 1}, {"at": "10f", "value": 2}])
    assert keyframes.fix(setting, 5, FILM.moment) == 1.5
    with pytest.raises(ValueError, match="follows the sound"):
        keyframes.fix(BOUNDS.read("1 + bass"), 5, FILM.moment)
    with pytest.raises(ValueError, match="constant already"):
        keyframes.fix(1.0, 5, FILM.moment)
