"""The verdict: which band a film has left, and which setting cures it."""

import numpy as np
import pytest

from dreamvid.inspect.bands import judge
from dreamvid.inspect.film import inspect_film
from tests.inspect.test_measures import film_of


@pytest.fixture
def picture(texture):
    """(spread, chroma) of about these -> a frame of 64x96 around a luminance of 120."""

    def make(wanted=45.0, chroma=60.0, seed=0):
        grey = texture(64, 96, seed).astype(np.float64).mean(2)
        light = 120 + wanted * (grey - grey.mean()) / grey.std()
        tint = chroma * np.array([0.6, -0.18, -0.4])
        return np.clip(light[..., None] + tint, 0, 245).astype(np.uint8)

    return make


def findings(frames, preset=None):
    return {found.name: found.text for found in judge(inspect_film(film_of(frames)), preset)}


def test_good_film_is_in_its_bands(picture):
    assert findings([picture()] * 16) == {}


def test_burnt_film_is_cured_by_the_palette(picture):
    burnt = picture()
    burnt[:16, :24] = 255  # one part in sixteen
    found = findings([picture()] * 12 + [burnt])
    assert found["clipped"].startswith("clipped 6.25 % at frame 12, band up to 0.3 %")
    assert 'colour.keep = "palette"' in found["clipped"]
    kept = findings([burnt] * 9, {"colour": {"keep": "palette"}})
    assert 'keep = "palette"' not in kept["clipped"] and "colour.strength" in kept["clipped"]


def test_greyed_film_is_told_against_its_first_second(picture):
    found = findings([picture(chroma=60)] * 8 + [picture(chroma=30)] * 8)
    assert set(found) == {"chroma"}
    assert "0.8 of the first second's 60" in found["chroma"]


def test_bare_start_is_no_first_second(picture):
    """A start of plain colour, twice as strong as the dream's."""
    bare = np.full((64, 96, 3), (200, 120, 80), np.uint8)
    assert findings([bare] * 3 + [picture()] * 13) == {}


@pytest.mark.parametrize("wanted,way", [(20, "higher"), (68, "lower")])
def test_spread_out_of_its_band(wanted, way, picture):
    found = findings([picture()] * 8 + [picture(wanted)] * 8, {"colour": {"keep": "palette"}})
    assert f"a {way} colour.contrast" in found["spread"]


def test_pale_first_second_is_no_fault(picture):
    assert findings([picture(25)] * 6 + [picture()] * 10) == {}


def test_lasting_cross_is_told_and_a_passing_one_is_not(picture):
    crossed = picture()
    crossed[31:33] = (255 - crossed[31:33]) // 2
    assert "cross" not in findings([picture()] * 8 + [crossed] * 2 + [picture()] * 8)
    assert "motion.centre" in findings([picture()] * 8 + [crossed] * 8)["cross"]


def test_flicker_out_of_its_band(picture):
    frames = [picture(), np.clip(picture().astype(int) + 30, 0, 245).astype(np.uint8)] * 8
    assert "dream.every" in findings(frames)["flicker"]


@pytest.mark.parametrize("preset", [{}, {"colour": 3}, {"colour": {"keep": ["palette"]}}])
def test_odd_record_is_no_reason_to_fail(preset, picture):
    assert "spread" in findings([picture(70)] * 9, preset)
