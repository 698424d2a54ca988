import math

import pytest

from dreamvid.schedule.curve import Bounds, value_at
from dreamvid.studio.desk.thinning import simplify, thin
from tests.studio.desk.test_keyframes import FILM


def steps(numbers):
    """Recorded keyframes, one a frame."""
    return [
        {"at": f"{frame}f", "value": number, "ease": "hold"} for frame, number in enumerate(numbers)
    ]


def values(setting):
    read = Bounds().read(setting)
    return [value_at(read, FILM.moment(frame)) for frame in range(97)]


@pytest.mark.parametrize(
    ("numbers", "most"),
    [
        ([2 + 3 * math.sin(n / 9) for n in range(90)], 30),
        ([n / 10 for n in range(40)] + [4 - n / 40 for n in range(40)], 4),
    ],
)
def test_few_keys_stay_within_a_hundredth_of_the_range(numbers, most):
    before = steps(numbers)
    after = thin(Bounds().read(before), FILM.moment)
    assert len(after) <= most
    tolerance = 0.01 * (max(numbers) - min(numbers))
    for old, new in zip(values(before), values(after), strict=True):
        assert abs(old - new) <= tolerance + 1e-12


def test_a_value_that_was_held_for_long_stays_level():
    before = [
        *({"at": "0f", "value": 1, "ease": "hold"}, {"at": "60f", "value": 2, "ease": "hold"}),
        *({"at": f"{60 + n}f", "value": 2 + n / 10, "ease": "hold"} for n in range(1, 30)),
    ]
    after = thin(Bounds().read(before), FILM.moment)
    assert values(after)[:60] == [1] * 60
    assert values(after)[60] == 2


def test_formulas_and_eased_keys_stay():
    recorded = [{"at": f"{n}f", "value": n, "ease": "hold"} for n in range(20, 40)]
    before = [
        {"at": "0f", "value": "sin(t)", "ease": "hold"},
        *recorded,
        {"at": "60f", "value": 5, "ease": "smooth"},
        {"at": "70f", "value": 6},
    ]
    after = thin(Bounds().read(before), FILM.moment)
    assert after[0] == before[0]
    assert after[-2:] == before[-2:]
    assert len(after) < 10
    assert values(after)[40:60] == [39] * 20  # held until the next key


def test_what_is_few_already_is_refused():
    for setting in (2.0, "sin(t)", [{"at": 0, "value": 1}, {"at": 1, "value": 2}]):
        with pytest.raises(ValueError, match="has no"):
            thin(Bounds().read(setting), FILM.moment)


def test_simplified_points_are_those_of_the_paper():
    """A triangle's corners, and a straight line's ends."""
    line = [(float(n), 2.0 * n) for n in range(50)]
    assert simplify(line, 0.01) == [line[0], line[-1]]
    peak = [(float(n), float(min(n, 20 - n))) for n in range(21)]
    assert simplify(peak, 0.01) == [peak[0], peak[10], peak[20]]
