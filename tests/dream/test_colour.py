"""Keeping colours, against CIE Lab computed in float64."""

import numpy as np
import pytest
import torch
from kornia.color import lab_to_rgb
from torch.testing import assert_close

from dreamvid.dream.colour import Grade, colours_of, goal_of, keep_colours
from dreamvid.dream.cube import CEILING, KNEE, to_gamut, to_lab

XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
WHITE = XYZ.sum(1)  # D65


def lab(image):
    """(3, pixels) of an image; IEC 61966-2-1 and CIE 15."""
    rgb = image[0].double().numpy().reshape(3, -1)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = (XYZ @ linear) / WHITE[:, None]

    def f(t):
        return np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)

    return np.stack([116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))])


def spread(values):
    """Standard deviations of lightness, and of both colour axes together."""
    variance = values.var(1)
    return np.sqrt([variance[0], variance[1:].mean()])


def keep(image, like, grade):
    goal = goal_of(colours_of(like), grade.keep, grade.contrast, grade.saturation)
    return keep_colours(image, goal, grade)


@pytest.fixture
def pair(rng):
    """A picture of middling colours, and another with other colours."""
    noise = torch.rand(2, 1, 3, 40, 56, generator=rng)
    tint = torch.tensor([0.9, 0.5, 0.3]).view(1, 3, 1, 1)
    return 0.3 + 0.4 * noise[0], 0.25 + 0.3 * tint + 0.2 * (noise[1] - 0.5)


@pytest.mark.parametrize("kept", ["mean", "spread", "palette"])
def test_keep_colours_without_strength_changes_nothing(kept, pair):
    image, like = pair
    assert keep(image, like, Grade(kept, 0.0)) is image
    assert keep(image, like, Grade("none", 1.0)) is image


def test_mean_is_reached_in_lab(pair):
    image, like = pair
    result = keep(image, like, Grade("mean", 1.0))
    np.testing.assert_allclose(lab(result).mean(1), lab(like).mean(1), atol=0.7)
    np.testing.assert_allclose(spread(lab(result)), spread(lab(image)), rtol=0.05)
    half = keep(image, like, Grade("mean", 0.5))
    between = (lab(image).mean(1) + lab(like).mean(1)) / 2
    np.testing.assert_allclose(lab(half).mean(1), between, atol=0.7)


@pytest.mark.parametrize(("contrast", "saturation"), [(1.0, 1.0), (1.3, 0.5)])
def test_mean_and_spread_are_reached_in_lab(contrast, saturation, pair):
    image, like = pair
    grade = Grade("spread", 1.0, contrast, saturation)
    result = lab(keep(image, like, grade))
    np.testing.assert_allclose(result.mean(1), lab(like).mean(1), atol=0.7)
    expected = spread(lab(like)) * (contrast, saturation)
    np.testing.assert_allclose(spread(result), expected, rtol=0.05)


def test_palette_is_reached_along_every_axis(rng):
    image = torch.rand(1, 3, 60, 80, generator=rng)
    ground, figure = torch.tensor([0.2, 0.3, 0.5]), torch.tensor([0.8, 0.6, 0.3])
    mask = (torch.rand(1, 1, 60, 80, generator=rng) < 0.3).float()
    like = mask * figure.view(1, 3, 1, 1) + (1 - mask) * ground.view(1, 3, 1, 1)
    like = (like + 0.05 * torch.randn(like.shape, generator=rng)).clamp(0, 1)
    result = lab(keep(image, like, Grade("palette", 1.0)))
    levels = np.linspace(0.1, 0.9, 9)
    for before, after, expected in zip(lab(image), result, lab(like), strict=True):
        goal = np.quantile(expected, levels)
        left = np.abs(np.quantile(after, levels) - goal).mean()
        assert left < 0.25 * np.abs(np.quantile(before, levels) - goal).mean()


@pytest.mark.parametrize("kept", ["mean", "spread", "palette"])
@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_flat_image_stays_finite(kept, grey, pair):
    flat = torch.full((1, 3, 40, 56), grey)
    result = keep(flat, pair[1], Grade(kept, 1.0))
    assert bool(torch.isfinite(result).all()) and result.min() >= 0 and result.max() <= 1


def test_colours_of_a_large_image_are_some_of_its_pixels_from_all_its_columns(rng):
    """120,000 pixels are 15 times 8192; but 15 and 16 have divisors in common with the width."""
    image = torch.rand(1, 3, 300, 400, generator=rng)
    picked = lab(image)[:, ::17]
    np.testing.assert_allclose(colours_of(image).T.numpy(), picked, atol=0.02)
    assert {n % 400 for n in range(0, 120_000, 17)} == {*range(400)}


@pytest.mark.parametrize("kept", ["mean", "spread", "palette"])
def test_half_way_between_two_goals_is_a_palette_between(kept, pair, rng):
    """Quantiles lie in the middle of both; a mixture would have pixels of one or the other."""
    image, warm = pair
    cold = 0.15 + 0.2 * torch.rand(1, 3, 40, 56, generator=rng)
    goals = [goal_of(colours_of(like), kept) for like in (warm, cold)]
    result = lab(keep_colours(image, (goals[0] + goals[1]) / 2, Grade(kept, 1.0)))
    means = [lab(like).mean(1) for like in (warm, cold)]
    np.testing.assert_allclose(result.mean(1), np.mean(means, 0), atol=1.0)
    if kept == "palette":
        levels = np.linspace(0.1, 0.9, 9)
        light = np.mean([np.quantile(lab(like)[0], levels) for like in (warm, cold)], 0)
        np.testing.assert_allclose(np.quantile(result[0], levels), light, atol=1.0)
        pixels = np.concatenate([lab(like)[0] for like in (warm, cold)])
        assert np.abs(np.quantile(pixels, levels) - light).max() > 5
    if kept == "spread":
        between = np.mean([spread(lab(like)) for like in (warm, cold)], 0)
        np.testing.assert_allclose(spread(result), between, rtol=0.06)


def test_a_change_through_the_cube_is_that_of_each_pixel(rng):
    """Saturated colours halved: the cube's lattice is not to be seen."""
    down, across = torch.meshgrid(torch.linspace(0, 1, 40), torch.linspace(0, 1, 60), indexing="ij")
    image = torch.stack([0.2 + 0.6 * down, 0.3 + 0.3 * across, 0.7 - 0.4 * down * across])[None]
    result = lab(keep(image, image, Grade("spread", 1.0, 1.0, 0.5)))
    before = lab(image)
    centre = before[1:].mean(1, keepdims=True)
    np.testing.assert_allclose(result[1:], centre + 0.5 * (before[1:] - centre), atol=0.6)
    np.testing.assert_allclose(result[0], before[0], atol=0.4)


@pytest.mark.parametrize("kept", ["mean", "spread", "palette"])
def test_no_channel_is_burnt_out_and_no_hue_turns(kept, rng):
    """A palette far beyond the gamut: all stays under 251, where a cut would leave flat patches."""
    image = torch.rand(1, 3, 40, 56, generator=rng)
    orange = torch.tensor([1.0, 0.6, 0.2]).view(1, 3, 1, 1) * (0.5 + 0.5 * image[:, :1])
    grade = Grade(kept, 1.0) if kept == "mean" else Grade(kept, 1.0, 2.0, 2.0)
    result = keep(image, orange, grade)
    assert float(result.max()) * 255 < 252
    assert float((result.amax(1) > 0.9).float().mean()) > 0.05
    red, green, blue = to_gamut(torch.tensor([[75.0, 40.0, 70.0]]))[0].tolist()
    wide = lab_to_rgb(torch.tensor([75.0, 40.0, 70.0]).view(1, 3, 1, 1), clip=False).flatten()
    assert wide[0] > 1 > CEILING > red > KNEE
    assert green / red == pytest.approx(float(wide[1] / wide[0]), abs=1e-4)
    assert blue / red == pytest.approx(max(0.0, float(wide[2] / wide[0])), abs=1e-4)


def test_colours_within_the_gamut_are_kept(rng):
    colours = 0.02 + 0.9 * torch.rand(500, 3, generator=rng)
    assert_close(to_gamut(to_lab(colours)), colours, atol=1e-3, rtol=0)


def test_lamps_beyond_the_sample_keep_their_gradation(rng):
    """The few pixels brighter than any other are not made one flat patch."""
    image = 0.3 + 0.3 * torch.rand(1, 3, 120, 160, generator=rng)
    image[..., 50, 60:64] = torch.tensor([0.84, 0.86, 0.88, 0.9])
    result = keep(image, 0.2 + 0.3 * torch.rand(1, 3, 40, 40, generator=rng), Grade("palette", 1.0))
    lamps = lab(result)[0].reshape(120, 160)[50, 60:64]
    assert (np.diff(lamps) > 0.5).all()


def test_a_flat_picture_takes_the_middle_of_a_palette(pair):
    flat = torch.full((1, 3, 40, 56), 0.5)
    result = lab(keep(flat, pair[1], Grade("palette", 1.0))).mean(1)
    np.testing.assert_allclose(result, np.median(lab(pair[1]), 1), atol=4.0)
