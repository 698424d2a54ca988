import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.schedule.curve import Bounds, value_at
from dreamvid.schedule.easing import EASES
from dreamvid.schedule.keyframes import read_keyframes
from dreamvid.schedule.moment import Moment


def moment(frame, **film):
    return Moment(**{"fps": Fraction(24), "frames": 241, "bpm": 120, **film, "frame": frame})


def ramp(start, end, ease="linear"):
    return read_keyframes([{"at": start, "value": 0, "ease": ease}, {"at": end, "value": 1}])


@pytest.mark.parametrize(
    ("ease", "quarter", "half", "late"),
    [
        ("linear", 0.25, 0.5, 0.8),
        ("hold", 0, 0, 0),
        ("smooth", 0.15625, 0.5, 0.896),
        ("in", 0.015625, 0.125, 0.512),
        ("out", 0.578125, 0.875, 0.992),
        ("bounce", 0.47265625, 0.765625, 0.94),
        ("elastic", 0.9116117, 1.015625, 1.00195312),
    ],
)
def test_ease_has_its_own_curve(ease, quarter, half, late):
    shares = [EASES[ease](share) for share in (0.25, 0.5, 0.8)]
    assert shares == pytest.approx([quarter, half, late], abs=1e-7)


@pytest.mark.parametrize("ease", [ease for ease in EASES if ease != "hold"])
def test_ease_starts_and_ends_at_the_values(ease):
    assert EASES[ease](0) == 0 and EASES[ease](1) == pytest.approx(1, abs=1e-12)
    steps = [EASES[ease](place / 1000) for place in range(1001)]
    assert max(abs(b - a) for a, b in pairwise(steps)) < 0.02  # no jumps


@pytest.mark.parametrize(
    ("at", "frame"),
    [(2.5, 60), ("2.5s", 60), (" 2.5 s ", 60), ("2.5", 60), ("60f", 60), ("25%", 60), ("5b", 60)],
)
def test_time_is_in_seconds_frames_percent_or_beats(at, frame):
    keys = ramp(at, "200f")
    assert keys.compute(moment(frame)) == 0
    assert keys.compute(moment((frame + 200) // 2)) == 0.5
    assert keys.compute(moment(200)) == 1


def test_keyframes_are_constant_outside_their_keys():
    keys = ramp("10f", "20f", "bounce")
    assert [keys.compute(moment(frame)) for frame in (-5, 9, 10, 20, 21, 999)] == [0, 0, 0, 1, 1, 1]


def test_held_value_changes_at_the_next_key():
    keys = ramp("10f", "20f", "hold")
    assert [keys.compute(moment(frame)) for frame in (10, 19, 20)] == [0, 0, 1]


def test_keyframe_values_may_be_formulas():
    keys = read_keyframes([{"at": 0, "value": "frame"}, {"at": "20f", "value": "100*bass"}])
    assert keys.compute(moment(10, sound={"bass": 0.5})) == 30
    assert keys.names == {"frame", "bass"}


def test_one_key_is_a_constant():
    assert read_keyframes([{"at": 3, "value": "2"}]).compute(moment(0)) == 2


def test_times_in_beats_need_a_tempo():
    with pytest.raises(ValueError, match=r"^4b: times in beats need sound\.bpm$"):
        ramp(0, "4b").compute(moment(0, bpm=None))


def test_keys_of_mixed_units_must_be_in_order_in_the_film():
    keys = ramp("50%", "4s")
    assert keys.compute(moment(0, frames=100)) == 0
    message = "^key 2: its time, '4s', is not after that of key 1, '50%'$"
    with pytest.raises(ValueError, match=message):
        keys.compute(moment(0, frames=241))


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ([], "a list of keys has 1 to 1000, got 0"),
        ([{"at": i, "value": 0} for i in range(1001)], "a list of keys has 1 to 1000, got 1001"),
        ([1.5], "key 1: should be a table such as {at = 2.5, value = 1}, got 1.5"),
        ([{"at": 1}], "key 1: value is missing"),
        ([{"value": 1}], "key 1: at is missing"),
        (
            [{"at": 1, "value": 1}, {"at": 2, "vlaue": 1}],
            "key 2: no such entry 'vlaue'; did you mean value?",
        ),
        (
            [{"at": 1, "value": 1, "ease": "bonce"}],
            "key 1: no such ease 'bonce'; did you mean bounce?",
        ),
        (
            [{"at": 1, "value": 1, "ease": ["in"]}],
            "key 1: no such ease ['in']; known: ",
        ),
        ([{"at": True, "value": 1}], "key 1: at should be a number or a text, got True"),
        (
            [{"at": "1 hour", "value": 1}],
            'key 1: at should be seconds, or a text such as "2.5s", "60f", "50%" or "4b", got',
        ),
        ([{"at": 1e10, "value": 1}], "key 1: at should be within 1e+09, got 1"),
        ([{"at": float("nan"), "value": 1}], "key 1: at should be within 1e+09, got nan"),
        ([{"at": 10**400, "value": 1}], "key 1: at should be within 1e+09, got 1"),
        ([{"at": 1, "value": [1]}], "key 1: value should be a number or a text, got [1]"),
        ([{"at": 1, "value": 10**400}], "key 1: should be a finite number"),
        ([{"at": 1, "value": "1 + sn(t)"}], "key 1: column 5: no such name 'sn'"),
        (
            [{"at": 2, "value": 1}, {"at": "2s", "value": 1}],
            "key 2: its time, '2s', is not after that of key 1, 2",
        ),
    ],
)
def test_bad_keyframes_are_refused_with_the_number_of_the_key(keys, error):
    with pytest.raises(ValueError) as caught:
        read_keyframes(keys)
    assert str(caught.value).startswith(error) and "\n" not in str(caught.value)


ENTRY = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["2s", "4b", "t"])
)
KEY = st.dictionaries(st.sampled_from(["at", "value", "ease", "x"]), ENTRY, min_size=1)


@settings(max_examples=500)
@given(st.lists(st.one_of(KEY, st.builds(dict, at=ENTRY, value=ENTRY)), max_size=3))
def test_random_keyframes_are_finite_or_refused(keys):
    try:
        value = value_at(Bounds().read(keys), moment(3))
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert math.isfinite(value)
