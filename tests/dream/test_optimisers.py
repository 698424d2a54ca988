"""Optimisers against torch's own, and what they remember against shifts."""

import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream.optimisers import OPTIMISERS, optimise
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import dream
from dreamvid.film.engine import frame_rng
from tests.support.climb import Climb, one_step

TORCHS = {
    "momentum": lambda x: torch.optim.SGD([x], lr=1.0, momentum=0.9, maximize=True),
    "adam": lambda x: torch.optim.Adam([x], lr=1.0, maximize=True),
}
WAVY = Climb(lambda x: torch.sin(20 * x).sum())
"""Any pixel for itself, wherever it is: no shift changes what this wants."""


@pytest.mark.parametrize("name", TORCHS)
def test_optimiser_directions_are_those_of_torch(name, rng):
    place = torch.zeros(1, 3, 8, 9, dtype=torch.float64, requires_grad=True)
    torchs, past = TORCHS[name](place), None
    for _ in range(4):
        gradient = torch.randn(place.shape, generator=rng)
        before = place.detach().clone()
        place.grad = gradient.double()
        torchs.step()
        moved = place.detach() - before
        direction, past = optimise(gradient, past, name)
        assert_close(direction.double(), moved / moved.abs().mean(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimiser_of_a_zero_gradient_changes_nothing(name, image):
    blind = Climb(lambda x: (x * 0).sum())
    ascent = Ascent(octaves=1, steps=3, optimiser=name)
    assert torch.equal(dream(image, blind, ascent, rng=frame_rng(0, 0)), image)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimiser_memory_does_not_move_with_the_jitter(name, image):
    def dreamed(jitter):
        ascent = Ascent(octaves=2, steps=4, optimiser=name, jitter=jitter, step_size=6)
        return dream(image, WAVY, ascent, rng=frame_rng(3, 0))

    assert_close(dreamed(9), dreamed(0))


def test_optimiser_forgets_from_octave_to_octave(image):
    """A first step knows no others: with one step an octave momentum has no part in it."""

    def dreamed(name):
        ascent = Ascent(octaves=3, octave_scale=1.3, steps=1, optimiser=name)
        return dream(image, WAVY, ascent, rng=frame_rng(0, 0))

    assert_close(dreamed("momentum"), dreamed("ascent"))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimiser_keeps_the_step_size(name):
    grey = torch.full((1, 3, 16, 16), 0.5)
    weights = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    score = Climb(lambda x: (x * weights).sum())
    after = one_step(grey, score, Ascent(step_size=3, optimiser=name), rng=frame_rng(0, 0))
    assert_close((after - grey).abs().mean() * 255, torch.tensor(3.0))
