"""Measures against NumPy in float64, and films whose figures are known by construction."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from dreamvid.inspect.bands import judge
from dreamvid.inspect.film import inspect_film, spread
from dreamvid.inspect.flicker import make_flicker
from dreamvid.inspect.measures import measure
from dreamvid.inspect.summary import make_rows, values_of
from dreamvid.media.clip import Pictures


def film_of(frames, fps=8):
    height, width = frames[0].shape[:2]
    return Pictures(
        read=lambda: (frame for frame in frames),
        size=(height, width),
        fps=Fraction(fps),
        count=len(frames),
    )


def test_measures_are_those_of_float64(texture):
    frame = texture(54, 96)
    pixels = frame.astype(np.float64)
    luma = pixels @ [0.2126, 0.7152, 0.0722]
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    found = measure(frame)
    assert found.luminance == pytest.approx(luma.mean(), abs=1e-3)
    assert found.spread == pytest.approx(luma.std(), abs=1e-3)
    assert found.chroma == pytest.approx((pixels.max(2) - pixels.min(2)).mean(), abs=1e-6)
    assert found.detail == pytest.approx(np.abs(around - 4 * middle).mean(), abs=1e-3)
    assert found.clipped == pytest.approx(100 * (luma > 250).mean(), abs=1e-9)
    assert found.black == pytest.approx(100 * (luma < 5).mean(), abs=1e-9)


def test_clipped_share_of_a_ramp():
    """Of 256 levels five are above 250, and five below 5."""
    ramp = np.repeat(np.tile(np.arange(256, dtype=np.uint8), (4, 1))[..., None], 3, axis=2)
    found = measure(ramp)
    assert found.clipped == found.black == pytest.approx(100 * 5 / 256)
    assert found.chroma == 0


@pytest.mark.parametrize("turned", [False, True])
def test_cross_of_lines_with_a_known_contrast(turned):
    """Rows alternate by 20 levels, a second difference of 40; the two middle ones by 60."""
    rows = 100.0 + 10 * (-1.0) ** np.arange(64)
    rows[31:33] = 130, 70
    frame = np.tile(rows.astype(np.uint8)[:, None, None], (1, 96, 3))
    frame = frame.transpose(1, 0, 2) if turned else frame
    # |2 x 130 - 110 - 70| and |2 x 70 - 130 - 90|: each 80, over 40.
    found = measure(np.ascontiguousarray(frame))
    assert rows[30] == 110 and rows[33] == 90
    assert found.cross == pytest.approx((80 + 0.5) / (40 + 0.5), abs=1e-4)
    # Beside it one line of the twelve that are compared with has none: 2 x 110 - 90 - 130.
    assert found.elsewhere == pytest.approx((40 + 0.5) / (40 * 11 / 12 + 0.5), abs=1e-4)


def test_line_elsewhere_is_no_cross(texture):
    frame = texture(64, 96)
    frame[20:22] = 255 - frame[20:22]
    found = measure(frame)
    assert found.line in ("row 19", "row 20", "row 21") and found.elsewhere > 2
    assert found.cross < 1.4


def test_flicker_is_what_changes_beside_the_motion(texture):
    """A texture that moves by (3, 2) pixels a frame, and one frame in two lighter by 6."""
    large = np.clip(texture(100, 140), 20, 230)
    frames = [np.ascontiguousarray(large[2 * n : 2 * n + 80, 3 * n : 3 * n + 120]) for n in (0, 1)]
    flicker = make_flicker()
    assert cv2.absdiff(*frames).mean() > 10
    assert flicker(*frames) == pytest.approx(0, abs=0.3)
    assert flicker(frames[0], frames[1] + 6) == pytest.approx(6, abs=0.4)


def test_flicker_across_a_cut_is_none(texture):
    assert make_flicker()(texture(80, 120, 1), texture(80, 120, 2) // 3) is None


def test_seam_of_a_loop_that_jumps(texture):
    """A panorama of 96 columns that is turned by 2 a frame: after 48 frames it is where it was."""
    panorama = texture(48, 96)
    turning = [np.roll(panorama, 2 * n, axis=1) for n in range(48)]
    assert inspect_film(film_of(turning[:3])).seam is None
    whole = inspect_film(film_of(turning), loop=True, pairs=5)
    assert whole.seam == pytest.approx(1, abs=1e-6)
    cut = inspect_film(film_of(turning[:24]), loop=True, pairs=5)
    within, across = (
        np.abs(turning[a].astype(float) - turning[b]).mean() for a, b in ((0, 1), (23, 0))
    )
    assert cut.seam == pytest.approx(across / within, rel=1e-6) and across > 2 * within
    assert "seam" in {finding.name for finding in judge(cut)}


def test_long_film_is_measured_evenly():
    frames = [np.full((32, 48, 3), n, np.uint8) for n in range(50)]
    found = inspect_film(film_of(frames), most=8, pairs=3)
    assert list(found.moments) == [0, 7, 14, 21, 28, 35, 42, 49]
    assert [pair.frame for pair in found.pairs] == [1, 25, 49]
    assert values_of(found, "luminance") == pytest.approx({n: n for n in found.moments}, abs=1e-3)


def test_spread_of_numbers():
    assert spread(0, 5, 9) == {0, 1, 2, 3, 4}
    assert spread(1, 1, 9) == set() and spread(0, 9, 1) == {0}


def test_film_of_one_frame_has_a_table(texture):
    found = inspect_film(film_of([texture(32, 48)]), loop=True)
    assert found.seam is None and [row[0] for row in make_rows(found)] == ["0", "worst"]
