"""Deforum schedules as people write them, against NumPy and arithmetic by hand."""

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.schedule.curve import Bounds, Curve
from dreamvid.schedule.deforum import parse_deforum
from dreamvid.schedule.functions import FUNCTIONS
from dreamvid.schedule.moment import Moment


def moment(frame, **film):
    return Moment(**{"fps": Fraction(24), "frames": 241, "bpm": 120, **film, "frame": frame})


def schedule(text, places, **film):
    keys = parse_deforum(text)
    return [keys.compute(moment(frame, **film)) for frame in places]


def inbetweens(keys, count):
    """Fill a film in as Deforum does: formulas up to the next key, the gaps by interpolation."""
    series, value = np.full(count, np.nan), None
    for frame in range(count):
        value = keys.get(frame, value)
        if callable(value):
            series[frame] = value(np.float64(frame))
        elif frame in keys:
            series[frame] = value
    known = np.flatnonzero(~np.isnan(series))
    return np.interp(np.arange(count), known, series[known])


def waves(t):
    return 1.0025 + 0.002 * np.sin(1.25 * 3.14 * t / 30)


def constant(number):
    return {0: number}


SEED = 7
PUBLISHED = [  # text, frames of the film, its keys by hand
    # sd-webui-deforum's defaults, pull requests, issues and wiki
    ("0:(0), (max_f/2):(10), (max_f-1):(0)", 60, {0: 0, 29: 10, 58: 0}),
    ('0:(s), 1:(-1), "max_f-2":(-1), "max_f-1":(s)', 120, {0: SEED, 1: -1, 117: -1, 118: SEED}),
    ("0:(0.85), max_f/2:(0)", 60, {0: 0.85, 29: 0}),
    ("0:(1.0), max_f:(1.1)", 61, {0: 1, 60: 1.1}),
    ("0:(0), (max_f+1)/2:(10)", 60, {0: 0, 30: 10}),
    ("0:(1.0025+0.002*sin(1.25*3.14*t/30))", 90, {0: waves}),
    ("0:(1.0+sin(t**2)), 20:(3), 40:(t%15)", 90, {
        0: lambda t: 1 + np.sin(t**2), 20: 3, 40: lambda t: np.fmod(t, 15),
    }),
    ("0:(-0.35*(cos(3.141*t/25)**100)+0.8)", 90, {
        0: lambda t: -0.35 * np.cos(3.141 * t / 25) ** 100 + 0.8
    }),
    ("0: ((-2.8 * sin((120 / 120 * 3.141 * t / 24 + 192))**1 + 0)) ", 60, {
        0: lambda t: -2.8 * np.sin(3.141 * t / 24 + 192)
    }),
    ("0: ((0.350 * sin((120 / 240 * 3.141 * (t + 0) / 24))**1 + 0.55))", 60, {
        0: lambda t: 0.35 * np.sin(0.5 * 3.141 * t / 24) + 0.55
    }),
    ("0:(10*sin(2*3.14*t/10))", 40, {0: lambda t: 10 * np.sin(2 * 3.14 * t / 10)}),
    ("0: (3*(sin(3.141*t/50)**3)+.75)", 120, {
        0: lambda t: 3 * np.sin(3.141 * t / 50) ** 3 + 0.75
    }),
    ("0:(-0.06*(cos(3.141*t/15)**100)+0.06)", 60, {
        0: lambda t: -0.06 * np.cos(3.141 * t / 15) ** 100 + 0.06
    }),
    ("0: (abs(sin(t * 3.14159 / 8.7)))", 40, {0: lambda t: np.abs(np.sin(t * 3.14159 / 8.7))}),
    ("0:(t%15)", 40, {0: lambda t: np.fmod(t, 15)}),
    ("0:((t-20)%15)", 40, {0: lambda t: np.fmod(t - 20, 15)}),  # keeps the sign, as in C
    # braces, quotes, disorder, repeats, missing blanks, ends past the film
    ("{0: (0.995), 50: (1), 100: (1.005), 250: (1.005), 300: (1.05)}", 120, {
        0: 0.995, 50: 1, 100: 1.005,
    }),
    ("0: (-2),70: (2),140: (2),210: (-2), 280: (-2),350: (-2)", 150, {0: -2, 70: 2, 140: 2}),
    ("0:(1), 200:(2)", 100, constant(1)),
    ("0:(0), 60:(0.2), 90:(0), 180:(-0.5), 300:(0)", 120, {0: 0, 60: 0.2, 90: 0}),
    ("40:(2), 0:(1), 20:(5)", 60, {0: 1, 20: 5, 40: 2}),
    ("0:(1), 30:(2), 30:(4)", 60, {0: 1, 30: 4}),
    ("0:(1),\n30:(2),\r\n\t50:(1),\n", 60, {0: 1, 30: 2, 50: 1}),
    ("'0':('1.5'), '30':('2.5')", 60, {0: 1.5, 30: 2.5}),
    ("0: (\u201c0.65\u201d), 25: (\u201c0.55\u201d)", 40, {0: 0.65, 25: 0.55}),
    ("0:1.02, 30:1.05", 60, {0: 1.02, 30: 1.05}),
    ("0:((1)), 10:(((2)))", 20, {0: 1, 10: 2}),
    ("0:( -1 ), 10:( +.5 )", 20, {0: -1, 10: 0.5}),
    ("-5:(9), 0:(1), 10.0:(2)", 20, {0: 1, 10: 2}),
    # choices
    ("0:(where((t>10) & (t<20), 1.05, 1))", 60, {
        0: lambda t: np.where((t > 10) & (t < 20), 1.05, 1)
    }),
    ("0:(where((t<10) | (t>=30), 2, 0.5))", 60, {
        0: lambda t: np.where((t < 10) | (t >= 30), 2, 0.5)
    }),
    ("0:(where(~(t>10), 1, 3))", 30, {0: lambda t: np.where(~(t > 10), 1, 3)}),
    ("0:(where(\n  t%24 < 12,\n  1.02,\n  0.98\n))", 60, {
        0: lambda t: np.where(t % 24 < 12, 1.02, 0.98)
    }),
    ("0:(where(t==max_f, s, t/max_f))", 30, {
        0: lambda t: np.where(t == 29, SEED, t / 29)
    }),
    # numexpr's functions
    ("0:(arctan2(t-10, 5)*log1p(t)/log10(t+10))", 30, {
        0: lambda t: np.arctan2(t - 10, 5) * np.log1p(t) / np.log10(t + 10)
    }),
    ("0:(sqrt(abs(tanh(t/9)-arcsinh(t)))+floor(t/7)-ceil(t/3))", 30, {
        0: lambda t: (
            np.sqrt(np.abs(np.tanh(t / 9) - np.arcsinh(t))) + np.floor(t / 7) - np.ceil(t / 3)
        )
    }),
    ("0:(0.0), 12:(expm1(t/9)), 20:(real(conj(t)))", 40, {
        0: 0, 12: lambda t: np.expm1(t / 9), 20: lambda t: t,
    }),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count", "keys"), PUBLISHED, ids=[row[0] for row in PUBLISHED])
def test_published_string_has_deforums_values(text, count, keys):
    found = schedule(text, range(count), frames=count, seed=SEED)
    assert found == pytest.approx(inbetweens(keys, count).tolist(), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "ufunc"),
    [
        *((name, getattr(np, name)) for name in ("sin", "cos", "tan", "sqrt", "exp", "log")),
        *((name, getattr(np, name)) for name in ("sinh", "cosh", "tanh", "arcsin", "arccos")),
        *((name, getattr(np, name)) for name in ("arctan", "arcsinh", "arctanh", "log10")),
        *((name, getattr(np, name)) for name in ("log1p", "expm1", "floor", "ceil", "trunc")),
        *((name, getattr(np, name)) for name in ("conj", "real", "imag", "abs")),
    ],
)
def test_function_is_numpys(name, ufunc):
    values = [0.1, 0.25, 0.5, 0.9]
    found = [FUNCTIONS[name].compute(value) for value in values]
    assert found == pytest.approx([float(ufunc(value)) for value in values], rel=1e-14)


def test_functions_of_two_values_and_of_one_above_one_are_numpys():
    assert FUNCTIONS["arctan2"].compute(-1, -2) == pytest.approx(np.arctan2(-1, -2))
    assert FUNCTIONS["fmod"].compute(-7, 3) == np.fmod(-7, 3) == -1
    assert FUNCTIONS["arccosh"].compute(1.5) == pytest.approx(np.arccosh(1.5))


@pytest.mark.parametrize("text", ["0:(1), 10:(2)", "0:1,10:2", " 0 : ( 1 ) ,\n10: (2) , "])
def test_numbers_are_interpolated_linearly(text):
    assert schedule(text, (0, 5, 10, 99)) == [1, 1.5, 2, 2]


def test_schedule_begins_with_the_value_of_its_first_key():
    assert schedule("10:(t), 20:(1)", (-3, 0, 9, 10)) == [10, 10, 10, 10]


def test_formula_lasts_until_the_next_key_and_counts_in_frames():
    text = "0:(1.5), 10:(t*2), 20:(0), 30:(max_f)"
    assert schedule(text, (0, 5, 10, 15, 19, 20, 25, 30)) == [1.5, 10.75, 20, 30, 38, 0, 120, 240]


def test_formula_may_have_commas_and_parentheses():
    assert schedule("0:(where(t<30, max(1, (2)), 3))", (29, 30)) == [2, 3]
    assert schedule("0:(1)*(2), 5:((1+1)*3)", (0, 5)) == [2, 6]


def test_keys_past_the_films_end_are_ignored_unless_there_are_no_others():
    assert schedule("0:(1), 50:(2)", (0, 49), frames=50) == [1, 1]
    assert schedule("0:(1), 49:(2)", (0, 49), frames=50) == [1, 2]
    assert schedule("90:(3), 60:(t)", (0, 49), frames=50) == [60, 60]


def test_sound_and_beat_are_those_of_the_present_frame():
    text = "0:(1), 10:(1 + bass), 20:(beat)"
    assert parse_deforum(text).names == {"bass", "beat"}
    heard = {"bass": 0.5}
    assert schedule(text, (0, 5, 10, 20, 24), sound=heard) == [1, 1.25, 1.5, 20 / 12, 2]
    with pytest.raises(ValueError, match=r"^at frame 10: bass needs a sound: give sound\.path$"):
        Curve(text).at(moment(10))


def test_100_000_keys_are_read_and_evaluated_at_once():
    text = ", ".join(f"{n}: ({1 + n % 7 / 1000:.3f})" for n in range(100_000))
    begin = time.process_time()
    curve = Bounds(gt=0).read(text)
    assert isinstance(curve, Curve)
    for frame in range(0, 100_000, 100):
        value = curve.at(moment(frame, frames=100_000))
        assert value == pytest.approx(1 + frame % 7 / 1000)
    assert time.process_time() - begin < 10  # about half a second; quadratic: a minute


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("0:(1), 5:(sn(t))", "column 11: no such name 'sn'; did you mean sin?"),
        ("0:(1), t:(2)", "column 8: no such name 't'"),
        ("0:(1), x:(2)", "column 8: no such name 'x'"),
        ("0:(1),, 5:(2)", "column 7: should be a key such as 60:(1.1), got ''"),
        ("0:(1), 5", "column 7: should be a key such as 60:(1.1), got ' 5'"),
        (":(1)", "column 1: a value is missing"),
        ("0:()", "column 3: '()' cannot stand here"),
        ("0:", "column 3: a value is missing"),
        ("0:(1", "column 3: '(' was never closed"),
        ("0:(" + "1" * 400 + ")", "frame 0: value is inf; it should be a finite number"),
        ("0:(1)(2)", "column 3: '(1)(2)' cannot stand here"),
        ("0:(1) 60:(2)", "column 9: ':' cannot stand here"),
        ("0:(t>10 & t<20)", "column 12: '<' cannot stand here; write (a < b) & (b < c)"),
        ("0:(frame)", "column 4: no such name 'frame'"),
        ('{"0": "x y"}', "column 10: 'y' cannot stand here"),
        ("0:(__import__(t))", "column 4: no such name '__import__'"),
        ("0:(" + "1+" * 251 + "1)", "column 503: longer than 500 characters"),
        ("0:(" + "(" * 220 + "1" + ")" * 221, "column 203: nested too deep"),
        ("0:(1)," + " " * 4_000_000, "column 4000001: longer than 4000000 characters"),
        (",".join(f"{i}:1" for i in range(100_001)), "column 788891: more than 100000 keys"),
    ],
)
def test_bad_schedule_is_refused_with_its_column(text, error):
    with pytest.raises(ValueError) as caught:
        Curve(text)
    assert str(caught.value).startswith(error) and "\n" not in str(caught.value)


def test_frame_without_a_value_is_refused_in_the_film():
    with pytest.raises(ValueError, match=r"^at frame 0: column 14: 0 / 0 has no finite value$"):
        Curve("0:(1), (max_f/max_f):(2)").at(moment(0, frames=1))


PIECES = [
    *("0", ":", "(", ")", ",", "60:(1)", "9:", "t", "max_f", "sin(t)", "*", "-", " ", "\n", "s"),
    *("{", "}", '"', "'", "(max_f/2):(2)", "&", "|", "~", "<"),
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
def test_random_schedule_is_finite_or_refused(text):
    try:
        curve = Curve("0:(1)," + text)
        values = [curve.at(moment(frame)) for frame in (-1, 0, 8, 61)]
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert all(math.isfinite(value) for value in values)
