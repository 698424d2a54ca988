"""Keeping colours, against CIE Lab computed in float64."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream.colour import Grade, colours_of, goal_of, keep_colours

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


def test_colours_of_a_large_image_are_some_of_its_pixels(rng):
    image = torch.rand(1, 3, 300, 400, generator=rng)
    few = colours_of(image)
    assert len(few) <= 16_384
    np.testing.assert_allclose(few.mean(0).numpy(), lab(image).mean(1), atol=0.5)
    assert_close(few[0], torch.tensor(lab(image)[:, 0], dtype=torch.float32), atol=0.02, rtol=0)


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
