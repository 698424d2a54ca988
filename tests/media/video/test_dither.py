"""Dither held against the slope that rounding would lose."""

import numpy as np
import pytest
import torch

from dreamvid.media.video.codecs import CODECS, YUV420
from dreamvid.media.video.colour import to_planes

H, W = 64, 256


def dusk():
    """Grey, ten levels of 8 bits over the width."""
    return (torch.linspace(40, 50, W) / 255).expand(1, 3, H, W)


def true_luma(image):
    return 16 + 219 * image[0, 0].double().numpy()


def blocks(luma):
    return luma.reshape(H // 8, 8, W // 8, 8).mean((1, 3))


def longest_run(row):
    ends = np.flatnonzero(np.diff(row))
    return np.diff(np.array([-1, *ends, len(row) - 1])).max()


def test_dither_removes_bands_and_keeps_the_mean():
    image = dusk()
    plain, dithered = (to_planes(image, YUV420, on)[:H].astype(float) for on in (False, True))
    error = [np.abs(blocks(luma) - blocks(true_luma(image))).max() for luma in (plain, dithered)]
    assert error[0] > 0.3 and error[1] < 0.08
    assert longest_run(plain[0]) > 25 and longest_run(dithered[0]) < 20
    assert np.abs(dithered - true_luma(image)).max() <= 1  # half a level twice


def test_dither_is_below_a_level_and_reproducible():
    image = dusk()
    first = to_planes(image, YUV420, True)
    np.testing.assert_array_equal(first, to_planes(image, YUV420, True))
    assert np.abs(first.astype(int) - to_planes(image, YUV420)).max() <= 1


@pytest.mark.parametrize("level", [0.0, 1.0])
@pytest.mark.parametrize("name", list(CODECS))
def test_dither_keeps_black_and_white(name, level):
    form = CODECS[name].pixel_formats[CODECS[name].depth]
    image = torch.full((1, 3, 16, 16), level)
    np.testing.assert_array_equal(to_planes(image, form, True), to_planes(image, form))


def test_dither_differs_between_planes():
    """Else a grey between two levels would turn up in its colours."""
    grey = torch.full((1, 3, 32, 32), 127.5 / 255)
    form = CODECS["ffv1"].pixel_formats[8]
    colours = to_planes(grey, form, True).reshape(32, 32, 4)
    assert (colours[..., 0] != colours[..., 1]).any() and (colours[..., 3] == 0).all()
