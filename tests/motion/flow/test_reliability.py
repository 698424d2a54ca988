"""Reliability of hand-written flows."""

import cv2
import numpy as np
import pytest
import torch

from dreamvid.image import from_bytes
from dreamvid.motion.flow.estimate import make_estimator
from dreamvid.motion.flow.reliability import flow_positions, reliable
from tests.support.flicker import flicker

CPU = torch.device("cpu")


def flat(height, width, x, y):
    return torch.tensor([float(x), float(y)]).expand(height, width, 2)


def test_places_are_x_and_y():
    at = flow_positions(flat(4, 6, 10, 20))
    assert at[3, 5].tolist() == [15, 23]


def test_consistent_flow_is_trusted_inside_the_frame():
    mask = reliable(flat(30, 40, -5, 3), flat(30, 40, 5, -3))
    assert mask.shape == (30, 40) and mask.min() >= 0 and mask.max() <= 1
    # The place is (x - 5, y + 3): the first 5 columns and the last 3 rows come from outside.
    assert (mask[:24, 8:] == 1).all()
    assert (mask[:, :3] == 0).all() and (mask[-1] == 0).all()
    assert 0 < mask[10, 4] < 0.5 < mask[10, 5] < 1  # soft between


@pytest.mark.parametrize("miss,trusted", [(0.6, True), (0.8, False)])
def test_flow_may_miss_its_pixel_by_the_papers_bound(miss, trusted):
    mask = reliable(flat(20, 20, 0, 0), flat(20, 20, miss, 0))  # 0.99 miss^2 < 0.5
    assert mask[10, 10] == float(trusted)


@pytest.mark.parametrize("slope,trusted", [(0.04, True), (0.05, False)])
def test_edges_of_motion_are_not_trusted(slope, trusted):
    """|grad w|^2 > 0.01 |w|^2 + 0.002, at a pixel where w is 0."""
    backward = torch.zeros(9, 9, 2)
    backward[..., 0] = slope * (torch.arange(9) - 4)
    rows = reliable(backward, torch.zeros(9, 9, 2))[4]
    # 0.05^2 = 0.0025 is more than 0.002 + 0.01 * 0.05^2 a pixel beside it, but not three.
    assert (rows[4] > 0.9) == trusted


@pytest.mark.parametrize("way", [1, -1])
def test_disoccluded_pixels_are_not_trusted(way, texture):
    """Move a square by 8 pixels: the strip it leaves was occluded before."""
    background, square = texture(120, 160), texture(60, 60, seed=1) // 2 + 100
    old, new = background.copy(), background.copy()
    old[30:90, 50:110] = square
    new[30:90, 50 + 8 * way : 110 + 8 * way] = square
    estimate = make_estimator("dis", CPU)
    mask = reliable(estimate(new, old), estimate(old, new))
    left, right = mask[38:82, 52:57].mean(), mask[38:82, 103:108].mean()
    uncovered, covered = (left, right) if way == 1 else (right, left)
    assert uncovered < 0.3 < covered - 0.2
    assert mask[40:80, 70:90].mean() > 0.9 and mask[:20].mean() > 0.9


def test_flicker_is_what_the_motion_does_not_explain(texture):
    scene = texture(140, 200)
    sources = [scene[10:106, 10 + 2 * n : 138 + 2 * n] for n in range(4)]
    estimate = make_estimator("dis", CPU)
    steady = [from_bytes(frame) for frame in sources]
    still = flicker(steady, sources, estimate)
    noise = [
        torch.rand(steady[0].shape, generator=torch.Generator().manual_seed(n)) for n in range(4)
    ]
    shaken = flicker([f + 0.1 * n for f, n in zip(steady, noise, strict=True)], sources, estimate)
    assert still < 0.01 and 0.02 < shaken < 0.05
    # A dream that stays where it is on the screen does not follow the picture.
    stuck = flicker([noise[0]] * 4, sources, estimate)
    assert stuck > 0.2
    assert flicker(steady[:1], sources[:1], estimate) == 0
    with pytest.raises(ValueError, match="3 frames of 4 sources"):
        flicker(steady[:3], sources, estimate)


def test_masks_of_a_turned_camera(texture):
    """A known rotation: the estimated masks trust nearly all that stays in the frame."""
    old = texture(120, 160)
    turn = cv2.getRotationMatrix2D((79.5, 59.5), 2, 1)
    new = cv2.warpAffine(
        old, turn, (160, 120), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    estimate = make_estimator("dis", CPU)
    mask = reliable(estimate(new, old), estimate(old, new))
    assert mask[12:-12, 12:-12].mean() > 0.95
    assert mask.dtype == torch.float32 and np.isfinite(mask.numpy()).all()
