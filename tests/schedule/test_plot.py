from fractions import Fraction

import numpy as np
import pytest

from dreamvid.schedule.curve import Curve
from dreamvid.schedule.moment import Moment
from dreamvid.schedule.plot import ROW, WIDTH, draw, means, points, samples, sparkline

FILM = [Moment(frame=frame, fps=Fraction(10), frames=21) for frame in range(21)]


def test_samples_are_the_values_in_each_frame():
    assert samples(Curve("2*t"), FILM)[:3] == [0, 0.2, 0.4]
    assert samples(3, FILM) == [3] * 21


def test_sparkline_rises_from_smallest_to_largest():
    assert sparkline(range(8)) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, 1, 0.5], width=3) == "▁█▅"
    assert sparkline([5, 5]) == "▁▁" and sparkline([]) == ""


def test_sparkline_is_as_wide_as_requested_and_shows_means():
    assert sparkline([0, 0, 7, 7, 0, 14], width=3) == "▁▅▅"
    assert len(sparkline(range(1001), width=60)) == 60


def test_points_span_the_unit_square():
    assert points([2, 6, 4]) == [(0, 0), (0.5, 1), (1, 0.5)]
    assert points([3]) == [(0, 0.5), (1, 0.5)] == points([3, 3])


def test_means_are_of_equal_stretches():
    assert means([0, 2, 4, 6], 2) == [1, 5]
    assert means([1, 2], 400) == [1, 2] and means([], 9) == []


def test_sheet_has_a_row_for_each_curve_in_its_colour():
    one = draw({"zoom": samples(Curve("2*t"), FILM)}, 2)
    two = draw({"zoom": samples(Curve("2*t"), FILM), "turn": [1.0] * 21}, 2)
    assert one.mode == "RGB" and one.width == two.width == WIDTH
    assert two.height - one.height == ROW
    chart = np.asarray(two)[:, 200 : WIDTH - 110].astype(int)
    blue = np.argwhere((chart[..., 2] > 200) & (chart[..., 0] < 150))
    orange = np.argwhere((chart[..., 0] > 200) & (chart[..., 2] < 150))
    # The first climbs (rows count downwards), the second is level in the row below.
    assert blue[blue[:, 1].argmin(), 0] > blue[blue[:, 1].argmax(), 0] + 50
    assert np.ptp(orange[:, 0]) <= 3 and orange[:, 0].min() > blue[:, 0].max()


@pytest.mark.parametrize("seconds", [1 / 24, 1, 9.99, 3600.0])
def test_sheet_takes_any_length_and_any_number_of_values(seconds):
    values = {"one": [2.0], "two": [1e6, -1e6], "a name that is much too long to fit": [0.0] * 9}
    assert draw(values, seconds).height > 3 * ROW
