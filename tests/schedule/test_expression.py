import math
import operator
import pickle
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.schedule.expression import Expression, ExpressionError
from dreamvid.schedule.functions import CONSTANTS, FUNCTIONS, noise, pulse, tri
from dreamvid.schedule.moment import VARIABLES, Moment
from dreamvid.schedule.parser import parse

HEARD = Moment(
    frame=12,
    fps=Fraction(24),
    frames=241,
    sound={"rms": 0.5, "bass": 0.25, "mid": 0.1, "high": 0.0, "onset": 1.0, "beat": 3.25},
)


def computed(text, moment=HEARD):
    return parse(text).compute(moment.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        (".5", 0.5),
        ("3.", 3),
        (" 007 + 1e+05", 100007),  # Python refuses leading zeros and an indent
        ("2 + 3*4", 14),
        ("(2 + 3)*4", 20),
        ("-2**2", -4),
        ("2**-1", 0.5),
        ("2**3**2", 512),
        ("2*-3", -6),
        ("--3", 3),
        ("+3", 3),
        ("7 - 2 - 1", 4),
        ("8/4/2", 1),
        ("-7 % 3", 2),
        ("1 + 1 < 3", 1),
        ("6 & 3", 2),
        ("6 | 3", 7),
        ("~6", -7),
        ("~(2 < 1)", 1),
        ("~((1 < 2) & ~(2 < 1))", 0),
        ("(1 < 2) | (2 < 1) & (2 < 1)", 1),
        ("(1\n+ 1)\r\n* 2", 4),
        ("2 >= 3", 0),
        ("2 == 2", 1),
        ("2 != 2", 0),
        ("t", 0.5),
        ("p", 0.05),
        ("frame + frames + fps", 277),
        ("beat + bass", 3.5),
        ("floor(e) + ceil(pi) + round(tau)", 12),
        ("sign(-3) + sign(0) + sign(9)", 0),
        ("abs(-3) + sqrt(16)", 7),
        ("log(exp(2))", 2),
        ("frac(-0.25)", 0.75),
        ("min(3, 1, 2) + max(3, 1, 2)", 4),
        ("clamp(9, 0, 1) + clamp(-9, 0, 1)", 1),
        ("lerp(10, 20, 0.25)", 12.5),
        ("smooth(-1) + smooth(0.25) + smooth(2)", 1.15625),
        ("pulse(2) + pulse(2.5)", 1.0625),
        ("pulse(0.5, 2)", 0.25),
        ("tri(0.25) - tri(0.75) + tri(1)", 2),
        ("where(t < 1, 10, 20)", 10),
        ("where(t > 0, 1, 1/0)", 1),  # what is not chosen is not computed
    ],
)
def test_formula_has_the_value_it_has_on_paper(text, value):
    assert computed(text) == pytest.approx(value, abs=1e-15)


NUMBERS = st.one_of(
    st.integers(0, 9).map(str), st.floats(0, 1e3, allow_subnormal=False).map("{:.3f}".format)
)
OPERATORS = {  # how strongly each binds, and its function
    "<": (1, operator.lt),
    "<=": (1, operator.le),
    "==": (1, operator.eq),
    "!=": (1, operator.ne),
    "+": (2, operator.add),
    "-": (2, operator.sub),
    "*": (3, operator.mul),
    "/": (3, operator.truediv),
    "%": (3, math.fmod),
    "neg": (4, operator.neg),
    "**": (5, math.pow),
}
TREES = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(sorted({*OPERATORS} - {"neg"})), inner, inner),
        st.tuples(st.just("neg"), inner),
    ),
    max_leaves=8,
)


def written(tree, weakest=0, space=""):
    """The tree as a formula, with parentheses only around what binds less than `weakest`."""
    if isinstance(tree, str):
        return tree
    sign, *operands = tree
    strength = OPERATORS[sign][0]
    if sign == "neg":
        text = f"-{written(operands[0], strength, space)}"
    else:
        # Powers group to the right and take a sign there; comparisons do not follow each other.
        sides = {"**": (6, 4)}.get(sign, (strength + (strength == 1), strength + 1))
        left, right = (written(one, side, space) for one, side in zip(operands, sides, strict=True))
        text = f"{left}{space}{sign}{space}{right}"
    return f"({text})" if strength < weakest else text


def evaluated(tree):
    """The tree's value in floats; raises ArithmeticError or ValueError where it has none."""
    if isinstance(tree, str):
        return float(tree)
    sign, *operands = tree
    values = [evaluated(one) for one in operands]
    if sign == "%" and values[1]:  # the sign is the divisor's
        rest = math.fmod(*values)
        result = rest + values[1] if rest and (rest < 0) != (values[1] < 0) else rest
    else:
        result = float(OPERATORS[sign][1](*values))
    if not math.isfinite(result):
        raise ArithmeticError
    return result


@settings(max_examples=500)
@given(TREES, st.sampled_from(["", " ", "\t"]))
def test_parser_agrees_with_the_tree_a_formula_was_written_from(tree, space):
    text = written(tree, space=space)
    try:
        expected = evaluated(tree)
    except (ArithmeticError, ValueError):
        with pytest.raises(ExpressionError, match="has no finite value"):
            computed(text)
    else:
        assert computed(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 + sn(t)", "column 5: no such name 'sn'; did you mean sin?"),
        ("2 * bas", "column 5: no such name 'bas'; did you mean bass?"),
        ("", "column 1: a value is missing"),
        ("1 +", "column 4: a value is missing"),
        ("(1", "column 1: '(' was never closed"),
        ("1)", "column 2: unmatched ')'"),
        ("1 2", "column 3: '2' cannot stand here"),
        ("sin + 1", "column 1: sin is a function; give it a value, as in sin(t)"),
        ("t(1)", "column 1: t is not a function"),
        ("2^t", "column 2: '^' cannot stand here; a power is written **"),
        ("t = 1", "column 3: '=' cannot stand here; equality is written =="),
        ("1 < t < 2", "column 7: '<' cannot stand here"),
        ("1 if t else 2", "column 3: no such name 'if'; a choice is written where("),
        ("not t", "column 1: no such name 'not'; use x == 0"),
        ("max(1)", "column 1: max takes 2 to 8 values, got 1"),
        ("where(1, 2)", "column 1: where takes 3 values, got 2"),
        ("sin(,1)", "column 5: ',' cannot stand here"),
        ("max(1 2)", "column 5: '1 2' cannot stand here"),
        ("1e999", "column 1: '1e999' is too large"),
        ("1" * 400, "column 1: '1111"),
        ("t + 0x10", "column 5: '0x10' cannot stand here"),
        ("1_000", "column 1: '1_000' cannot stand here"),
        ("2j", "column 1: '2j' cannot stand here"),
        ("7//2", "column 2: '//' cannot stand here"),
        ("(1, 2)", "column 1: '(1, 2)' cannot stand here"),
        ("2(3)", "column 1: '2(3)' cannot stand here"),
        ("sin(*t)", "column 5: '*t' cannot stand here"),
        ("sin(**t)", "column 1: 'sin(**t)' cannot stand here"),
        ("t.real", "column 2: '.' cannot stand here"),
        ("__import__", "column 1: no such name '__import__'; "),
        ("lambda", "column 1: no such name 'lambda'; "),
        ("'a'", 'column 1: "\'" cannot stand here'),
        ("t[0]", "column 2: '[' cannot stand here"),
        ("\u0663", "column 1: '\u0663' cannot stand here"),  # a digit, but not one of ASCII
        ("\uff53in(t)", "column 1: '\uff53' cannot stand here"),
        ("1\x00", "column 2: '\\x00' cannot stand here"),
        ("1\n1", "column 3: '1' cannot stand here"),
        ("t and 1", "column 3: no such name 'and'; use (a) & (b)"),
        ("1 & 2 < 3 < 4", "column 11: '<' cannot stand here; write (a < b) & (b < c)"),
        ("t ~ 1", "column 3: '~' cannot stand here"),
        ("~", "column 2: a value is missing"),
        ("(" * 10_000, "column 501: longer than 500 characters"),
        ("(" * 400, "column 201: nested too deep"),
        ("-" * 400 + "1", "column 101: nested more than 100 deep"),
        ("2**" * 110 + "2", "column 298: nested more than 100 deep"),
        ("+".join(["(1+1)"] * 70), "column 262: more than 200 numbers, names and operations"),
    ],
)
def test_bad_formula_is_refused_with_its_column(text, error):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value).startswith(error) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 + 1/0", "column 6: 1 / 0 has no finite value"),
        ("t % 0", "column 3: 0.5 % 0 has no finite value"),
        ("9**9**9**9", "column 5: 9 \\*\\* 3.8742e\\+08 has no finite value"),
        ("(-8)**0.5", "column 5: -8 \\*\\* 0.5 has no finite value"),
        ("sqrt(-1)", "column 1: sqrt\\(-1\\) has no finite value"),
        ("log(0)", "column 1: log\\(0\\) has no finite value"),
        ("exp(1e3)", "column 1: exp\\(1000\\) has no finite value"),
        ("2 + (t & 1)", "column 8: 0.5 & 1 has no finite value"),
        ("~t", "column 1: 0.5 has no finite value"),
        ("1e308*10", "column 6: 1e\\+308 \\* 10 has no finite value"),
    ],
)
def test_value_that_is_not_finite_is_refused_with_its_column(text, error):
    with pytest.raises(ExpressionError, match=f"^{error}$"):
        computed(text)


def test_deepest_formula_is_computed_and_pickled():
    deep = "(1<1+2*-" * 15 + "1" + ")" * 15
    assert computed(deep) in (0, 1)
    assert computed("-" * 98 + "1") == 1
    assert pickle.loads(pickle.dumps(parse("-" * 98 + "1"))) == parse("-" * 98 + "1")
    assert computed("(1<1+2*" * 28 + "1" + ")" * 28) == 1
    assert computed("+".join("1" * 100)) == 100
    assert computed("(" * 30 + "t" + ")" * 30) == 0.5


def test_formula_lists_its_variables():
    assert parse("sin(t) + bass*pi + where(p, 1, onset)").names == {"t", "bass", "p", "onset"}


def test_formulas_of_the_same_text_are_equal_and_pickle():
    expression = parse("1 + sin(t)")
    assert expression == parse("1 + sin(t)") != parse("1+sin(t)")
    assert pickle.loads(pickle.dumps(expression)) == expression


def test_beat_follows_the_tempo_or_else_the_sound():
    paced = Moment(frame=12, fps=Fraction(24), frames=240, bpm=90, sound={"beat": 5})
    assert paced.value("beat") == 0.75
    assert HEARD.value("beat") == 3.25
    silent = Moment(frame=12, fps=Fraction(24), frames=240)
    with pytest.raises(ValueError, match=r"^beat needs sound\.bpm or a sound$"):
        silent.value("beat")
    with pytest.raises(ValueError, match=r"^bass needs a sound: give sound\.path$"):
        silent.value("bass")


def test_time_continues_outside_the_film():
    before = Moment(frame=-15, fps=Fraction(30000, 1001), frames=1)
    assert before.t == pytest.approx(-0.5005) and before.p == -15


@given(st.floats(-1e4, 1e4), st.integers(0, 1000))
def test_noise_is_smooth_and_repeatable(x, seed):
    assert -1 <= noise(x, seed) <= 1
    assert noise(x, seed) == noise(x, seed)
    # Smoothstep climbs by at most 1.5 a unit, between heights at most 2 apart.
    assert abs(noise(x + 1e-3, seed) - noise(x, seed)) < 3.01e-3


def test_noise_is_flat_at_whole_numbers_and_has_no_trend():
    assert abs(noise(5 + 1e-4) - noise(5)) < 1e-6 > abs(noise(5 - 1e-4) - noise(5))
    values = [noise(x) for x in range(4000)]
    assert abs(sum(values) / 4000) < 0.03
    assert sum(v * v for v in values) / 4000 == pytest.approx(1 / 3, abs=0.02)  # uniform
    assert len({noise(0, seed) for seed in range(100)}) == 100


def test_noise_never_changes_between_versions():
    assert [round(noise(x, 7), 6) for x in (0, 0.5, -3.25)] == [-0.587566, -0.018465, 0.194037]


@given(st.floats(-1e6, 1e6))
def test_tri_and_pulse_stay_within_their_range(x):
    assert -1 <= tri(x) <= 1 and 0 <= pulse(x) <= 1


PIECES = [
    *VARIABLES, *CONSTANTS, *FUNCTIONS, "where", "sn", "import", "_",
    *"+-*/%(),<>=!^.[]{}:;'\"\\@&|~ \t\n\x00", "**", "<=", "==", "0", "1", "9", "2.5", "1e3",
    "1e308", "1e-308", ".5", "\u0663", "\u03c0", "(", ")", "(", ")", "-", "**",
]  # fmt: skip
VALID = [
    "1 + 0.2*sin(tau*t/4)",
    "clamp(noise(t, 3)*2, -1, 1)",
    "where(beat % 4 < 1, 1.5, 0.5)*pulse(beat, 8)",
    "lerp(1, 2, smooth(p)) - -frac(t)**2**0.5",
    "max(bass, mid, high) >= min(rms, onset)",
]


@st.composite
def mangled(draw):
    """A valid formula with pieces of others put in, taken out, doubled and exchanged."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    text = rng.choice(VALID)
    for _ in range(rng.randint(1, 4)):
        start, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        middle = rng.choice(["", rng.choice(PIECES), text[start:end] * 2, rng.choice(VALID)])
        text = text[:start] + middle + text[rng.choice([start, end]) :]
    return text


GRAMMATICAL = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(st.one_of(GRAMMATICAL, mangled(), st.text(max_size=30)))
def test_random_text_has_a_finite_value_or_is_refused(text):
    try:
        expression = parse(text)
        assert isinstance(expression, Expression)
        value = expression.compute(HEARD.value)
    except ExpressionError as error:
        assert str(error).startswith("column ") and "\n" not in str(error)
    else:
        assert isinstance(value, float) and math.isfinite(value)
