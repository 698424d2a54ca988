import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from dreamvid.dream.gradient import like_photos, normalise_pyramid, unit_mean
from dreamvid.dream.octaves import octave_sizes
from dreamvid.dream.settings import Ascent
from dreamvid.dream.shaping import shape
from dreamvid.dream.step import dream
from dreamvid.errors import DreamvidError, PresetError
from dreamvid.film.engine import frame_rng
from tests.support.climb import Climb, one_step


def test_octaves_of_the_post_have_the_sizes_of_scipy():
    sizes = octave_sizes(575, 1024, octaves=4, scale=1.4)
    assert sizes == [(210, 373), (294, 522), (411, 731), (575, 1024)]


@given(st.integers(64, 2000), st.integers(64, 2000), st.integers(1, 5), st.floats(1.01, 1.5))
def test_octaves_grow_to_exactly_the_full_size(height, width, octaves, scale):
    sizes = octave_sizes(height, width, octaves=octaves, scale=scale)
    assert len(sizes) == octaves and sizes[-1] == (height, width)
    assert sizes == sorted(sizes)


def test_octaves_that_do_not_fit_are_refused_with_the_number_that_does():
    with pytest.raises(PresetError, match=r"dream.octaves: 9 octaves of 64x48 .*at most 6 fit"):
        octave_sizes(48, 64, octaves=9, scale=1.4)


@given(st.integers(0, 40), st.integers(0, 2**31 - 1))
def test_step_of_a_shift_blind_score_does_not_depend_on_jitter(jitter, seed):
    image = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(seed))
    score = Climb(lambda x: x.pow(2).sum())
    still = one_step(image, score, Ascent(jitter=0), rng=frame_rng(0, 0))
    moved = one_step(image, score, Ascent(jitter=jitter), rng=frame_rng(seed, 0))
    assert_close(moved, still)


def test_step_changes_pixels_by_step_size_on_average():
    image = torch.full((1, 3, 16, 16), 0.5)
    weights = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    score = Climb(lambda x: (x * weights).sum())
    after = one_step(image, score, Ascent(step_size=3, jitter=0), rng=frame_rng(0, 0))
    assert_close((after - image).abs().mean() * 255, torch.tensor(3.0))


@pytest.mark.parametrize("options", [{}, {"pyramid": 4}, {"decorrelate": 0.5}])
def test_flat_gradient_changes_nothing(options, image):
    blind = Climb(lambda x: (x * 0).sum())
    assert_close(one_step(image, blind, Ascent(**options), rng=frame_rng(0, 0)), image)


def test_octaves_leave_the_image_where_nothing_is_dreamed(image):
    blind = Climb(lambda x: (x * 0).sum())
    assert_close(dream(image, blind, Ascent(octaves=3), rng=frame_rng(0, 0)), image)


def test_nan_stops_a_dream_with_the_reason(image):
    broken = Climb(lambda x: (x * float("nan")).sum())
    with pytest.raises(DreamvidError, match="no longer a number"):
        dream(image, broken, Ascent(octaves=1, steps=1), rng=frame_rng(0, 0))


def test_pyramid_gives_every_band_the_same_strength(rng):
    """A coarse wave a hundred times weaker than the noise comes out as strong as it."""
    y = torch.arange(128) / 128
    wave = torch.sin(2 * torch.pi * 2 * y).view(1, 1, 128, 1).expand(1, 3, 128, 128)
    noise = torch.randn(1, 3, 128, 128, generator=rng)
    evened = normalise_pyramid(0.01 * wave + noise, levels=5)
    share = (evened * wave).sum() / (wave * wave).sum()
    assert share > 0.25  # it was 0.01 of the wave's own strength


def test_photo_colours_lead_towards_grey_and_keep_the_mean_size(rng):
    gradient = torch.randn(1, 3, 32, 32, generator=rng)
    photo = like_photos(gradient)

    def colourfulness(x):
        grey = x.mean(1, keepdim=True)
        return (x - grey).pow(2).mean() / x.pow(2).mean()

    assert colourfulness(photo) < 0.3 * colourfulness(gradient)
    shaped = shape(unit_mean(gradient), Ascent(decorrelate=0.5))
    assert_close(shaped.abs().mean(), torch.tensor(1.0))
    assert_close(shape(gradient, Ascent()), gradient)
