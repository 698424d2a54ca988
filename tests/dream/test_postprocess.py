"""Filters of a finished dream."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream.postprocess import finish, limit_chroma
from dreamvid.dream.settings import Ascent
from tests.dream.test_smooth import blurred


def to_lab(rgb: torch.Tensor) -> np.ndarray:
    """sRGB to CIE Lab for D65, in float64, as IEC 61966-2-1 and CIE 15 have it."""
    values = rgb[0].double().numpy().reshape(3, -1)
    linear = np.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)
    matrix = [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169],
              [0.019334, 0.119193, 0.950227]]  # fmt: skip
    xyz = np.array(matrix) @ linear / np.array([[0.95047], [1.0], [1.08883]])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 4 / 29)
    return np.stack(
        [116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])]
    ).reshape(rgb.shape[1:])


def chroma(rgb: torch.Tensor) -> np.ndarray:
    return np.hypot(*to_lab(rgb)[1:])


def even(*colour: float) -> torch.Tensor:
    return torch.tensor(colour).view(1, 3, 1, 1).expand(1, 3, 8, 8).clone()


def test_chroma_bends_to_the_limit_while_light_and_hue_stay():
    before, dreamed = even(0.5, 0.5, 0.5), even(0.9, 0.15, 0.1)
    was, now = to_lab(dreamed), to_lab(limit_chroma(before, dreamed, 40.0))
    expected = 40 * np.tanh(np.hypot(*was[1:]) / 40)
    assert_close(np.hypot(*now[1:]), expected, atol=0.1, rtol=0)
    assert_close(now[0], was[0], atol=0.05, rtol=0)
    assert_close(np.arctan2(now[2], now[1]), np.arctan2(was[2], was[1]), atol=0.005, rtol=0)


def test_limit_chroma_hardly_touches_pale_dreams():
    before, paler = even(0.6, 0.4, 0.4), even(0.55, 0.45, 0.45)
    assert torch.equal(limit_chroma(before, paler, 30.0), paler)
    dreamed = even(0.55, 0.5, 0.5)
    assert_close(limit_chroma(even(0.5, 0.5, 0.5), dreamed, 60.0), dreamed, atol=2e-3, rtol=0)


def test_limit_chroma_holds_what_was_colourful_before():
    before, dreamed = even(0.8, 0.3, 0.3), even(0.95, 0.2, 0.2)
    limited = limit_chroma(before, dreamed, 30.0)
    assert_close(chroma(limited), chroma(before), atol=0.1, rtol=0)


def test_chroma_of_a_hundred_dreams_stays_within_the_limit(rng):
    image = torch.full((1, 3, 16, 16), 0.5)
    for _ in range(100):
        dreamed = (image + 0.05 * torch.randn(1, 3, 16, 16, generator=rng)).clamp(0, 1)
        image = finish(image, dreamed, Ascent(saturation_limit=35))
    assert chroma(image).max() < 35.1
    assert chroma(image).mean() > 15  # held, not drained


def test_sharpen_adds_the_finer_part_of_what_was_dreamed(image, rng):
    before = 0.4 + 0.2 * image
    dreamed = before + 0.1 * torch.rand(image.shape, generator=rng)
    detail = (dreamed - before)[0].double().numpy()
    reach, sigma = 4, 1.5  # three sigmas, a half rounded to the even number
    assert round(3 * sigma) == reach
    expected = dreamed[0].double().numpy() + 0.7 * (detail - blurred(detail, sigma))
    result = finish(before, dreamed, Ascent(sharpen=0.7))
    assert_close(result[0].double().numpy(), expected, atol=2e-6, rtol=0)


def test_sharpen_leaves_what_was_there(image):
    assert torch.equal(finish(image, image, Ascent(sharpen=3)), image)
    brighter = 0.4 + 0.2 * image
    assert_close(finish(brighter, brighter + 0.1, Ascent(sharpen=3)), brighter + 0.1)


@pytest.mark.parametrize("options", [{"sharpen": 2.0}, {"saturation_limit": 30.0}])
def test_masked_pixels_are_not_finished(options, image, rng):
    mask = torch.zeros(1, 1, *image.shape[-2:])
    mask[..., :20] = 1
    noise = torch.rand(image.shape, generator=rng)
    dreamed = torch.where(mask > 0, noise, image)
    result = finish(image, dreamed, Ascent(**options), mask)
    assert torch.equal(result[..., 20:], image[..., 20:])
    assert not torch.equal(result[..., :20], dreamed[..., :20])


def test_defaults_do_nothing(image):
    assert finish(image, image, Ascent()) is image
