"""Blurs and pulls against float64 NumPy, written out."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from dreamvid.dream.regularise import PULLS, towards_less_variation
from dreamvid.dream.smooth import blur, cascade


def blurred(planes: np.ndarray, sigma: float) -> np.ndarray:
    """Every pixel the weighed mean of a square of others, mirrored at the border."""
    reach = round(3 * sigma)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * sigma**2))
    weights /= weights.sum()
    wide = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)), mode="reflect")
    height, width = planes.shape[1:]
    result = np.zeros(planes.shape)
    for (y, x), weight in np.ndenumerate(weights):
        result += weight * wide[:, y : y + height, x : x + width]
    return result


def variation(plane: np.ndarray, edge: float) -> float:
    """Total variation, with differences of 0 beyond the last row and column."""
    down = np.diff(plane, axis=0, append=plane[-1:])
    across = np.diff(plane, axis=1, append=plane[:, -1:])
    return np.sqrt(down**2 + across**2 + edge**2).sum()


@pytest.mark.parametrize("sigma", [0.6, 1.0, 2.3])
def test_blur_is_the_gaussian_mean(image, sigma):
    assert_close(blur(image, sigma)[0].double().numpy(), blurred(image[0].double().numpy(), sigma),
                 atol=2e-6, rtol=0)  # fmt: skip


def test_cascade_is_the_mean_of_three_blurs(image):
    planes = image[0].double().numpy()
    expected = (blurred(planes, 0.75) + blurred(planes, 1.5) + blurred(planes, 3)) / 3
    assert_close(cascade(image, 1.5)[0].double().numpy(), expected, atol=2e-6, rtol=0)


def test_blur_wider_than_the_image_is_still_a_mean(rng):
    small = torch.rand(1, 3, 8, 9, generator=rng)
    soft = blur(small, 60)
    assert soft.std() < 0.2 * small.std() and small.min() <= soft.min() <= soft.max() <= small.max()


@pytest.mark.parametrize("reach", [0.0001, 0.004])
def test_less_variation_descends_the_gradient(rng, reach):
    image = torch.rand(1, 3, 7, 9, generator=rng)
    plane = image[0, 1].double().numpy()
    edge = max(1 / 255, 4 * reach)
    gradient = np.empty_like(plane)
    for place in np.ndindex(plane.shape):
        nudge = np.zeros_like(plane)
        nudge[place] = 1e-6
        gradient[place] = variation(plane + nudge, edge) - variation(plane - nudge, edge)
    change = towards_less_variation(image, reach)[0, 1].double().numpy()
    assert_close(change, -reach * gradient / 2e-6, atol=1e-5 * reach, rtol=1e-4)


@given(st.floats(1e-4, 0.5), st.integers(0, 100))
def test_less_variation_never_overshoots(reach, seed):
    image = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(seed)).double()
    edge = max(1 / 255, 4 * reach)
    for _ in range(5):
        after = image + towards_less_variation(image, reach)
        was, now = (sum(variation(p, edge) for p in x[0].numpy()) for x in (image, after))
        assert now <= was + 1e-9
        image = after


def test_pull_of_an_even_image_is_0():
    even = torch.full((1, 3, 12, 16), 0.3)
    for pull in PULLS.values():
        assert_close(pull(even, 0.01), torch.zeros_like(even), atol=1e-6, rtol=0)


def test_high_frequency_pull_goes_no_further_than_its_reach(image):
    missing = blurred(image[0].double().numpy(), 1.0) - image[0].double().numpy()
    some = PULLS["high_frequency"](image, 0.01)
    assert_close(some.abs().mean(), torch.tensor(0.01))
    expected = 0.01 * missing / np.abs(missing).mean()
    assert_close(some[0].double().numpy(), expected, atol=2e-6, rtol=1e-4)
    assert_close(
        PULLS["high_frequency"](image, 1.0)[0].double().numpy(), missing, atol=2e-6, rtol=0
    )
