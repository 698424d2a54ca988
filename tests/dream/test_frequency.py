import numpy as np
import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream.frequency import by_frequency

HEIGHT, WIDTH = 24, 40


def wave(down: int, across: int) -> torch.Tensor:
    """Draw so many half waves down and across, whose mirror images go on without a kink."""
    y, x = (np.arange(side) + 0.5 for side in (HEIGHT, WIDTH))
    both = np.cos(np.pi * down * y / HEIGHT)[:, None] * np.cos(np.pi * across * x / WIDTH)
    return torch.tensor(both, dtype=torch.float32).expand(1, 3, HEIGHT, WIDTH)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(
    ("down", "across", "waves"),
    [
        (0, 6, 3.0),  # three waves over the longer side
        (6, 0, 3 * 40 / 24),
        (3, 8, (4**2 + (1.5 * 40 / 24) ** 2) ** 0.5),
        (0, 2, 1.0),
        (0, 1, 1.0),  # half a wave counts as a whole one
        (0, 0, 40 / 2**0.5),  # the mean as the finest there is, from corner to corner
    ],
)
def test_wave_is_divided_by_its_frequency(down, across, waves, power):
    one = wave(down, across)
    assert_close(by_frequency(one, power), one / waves**power, atol=2e-6, rtol=1e-4)


def test_frequency_power_of_0_changes_nothing(image):
    assert_close(by_frequency(image, 0.0), image, atol=1e-6, rtol=0)


def test_frequency_does_not_leak_to_the_opposite_side():
    gradient = torch.zeros(1, 3, HEIGHT, WIDTH)
    gradient[..., 0] = 1.0
    spread = by_frequency(gradient, 1.0)
    # On a picture that wraps around, the last column would be the second one's equal.
    assert spread[..., -1].abs().max() < 0.2 * spread[..., 1].abs().min()
