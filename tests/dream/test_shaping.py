"""Shapers, pulls and step sizes, alone and together."""

from typing import Any

import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream.settings import Ascent
from dreamvid.dream.shaping import shape
from dreamvid.dream.step import ascend, dream, steps_of
from dreamvid.film.engine import frame_rng
from tests.support.climb import Climb, one_step

SHAPES: list[dict[str, Any]] = [
    {"frequency": 1.0},
    {"smooth": 1.5},
    {"decorrelate": 0.5},
    {"luminance": 0.7},
    {"frequency": 0.5, "smooth": 0.5, "decorrelate": 0.3, "luminance": 0.3},
]
PULLS: list[dict[str, Any]] = [{"total_variation": 0.5}, {"high_frequency": 0.5}]
EVERYTHING = SHAPES[-1] | PULLS[0] | PULLS[1] | {"pyramid": 3, "optimiser": "adam"}
WAVY = Climb(lambda x: torch.sin(20 * x).sum())


def linear(like):
    """A score whose gradient is noise of any size."""
    weights = 7 * torch.randn(like.shape, generator=torch.Generator().manual_seed(0))
    return Climb(lambda x: (x * weights).sum())


def variation(image):
    return image.diff(dim=-1).abs().sum() + image.diff(dim=-2).abs().sum()


@pytest.mark.parametrize("options", [*SHAPES, {"pyramid": 3}])
def test_shaped_step_keeps_its_mean_size(options):
    grey = torch.full((1, 3, 24, 32), 0.5)
    after = one_step(grey, linear(grey), Ascent(step_size=2, **options), rng=frame_rng(0, 0))
    assert_close((after - grey).abs().mean() * 255, torch.tensor(2.0))


@pytest.mark.parametrize("options", [*SHAPES, *PULLS])
def test_jitter_does_not_show_in_a_shaped_step(options, image):
    def stepped(jitter):
        return one_step(image, WAVY, Ascent(jitter=jitter, **options), rng=frame_rng(5, 0))

    assert_close(stepped(11), stepped(0))


@pytest.mark.parametrize("options", [*SHAPES, *PULLS, EVERYTHING])
def test_mask_of_0_leaves_a_shaped_step_out(options, image):
    mask = torch.zeros(1, 1, *image.shape[-2:])
    mask[..., 10:30] = 1
    ascent = Ascent(step_size=9, **options)
    after = one_step(image, linear(image), ascent, rng=frame_rng(0, 0), mask=mask)
    unchanged = mask.expand_as(image) == 0
    assert torch.equal(after[unchanged], image[unchanged])
    assert not torch.equal(after[~unchanged], image[~unchanged])


def test_luminance_alone_leaves_colours(image):
    picture = 0.4 + 0.2 * image
    ascent = Ascent(octaves=1, steps=5, luminance=1, total_variation=0.3, high_frequency=0.3)
    after = dream(picture, linear(picture), ascent, rng=frame_rng(0, 0))
    assert_close(after.diff(dim=1), picture.diff(dim=1), atol=1e-6, rtol=0)
    assert (after - picture).abs().mean() > 0.01


def test_luminance_is_the_steepest_way_that_all_channels_go_alike(rng):
    direction = torch.randn(1, 3, 8, 8, generator=rng).double()
    shared = direction.numpy().sum(1)
    result = shape(direction.float(), Ascent(luminance=1))[:, 0].double().numpy()
    assert_close(result, shared / abs(shared).mean(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("step_size", [1.5, -1.5])
@pytest.mark.parametrize("options", PULLS)
def test_pulls_calm_an_image_wherever_the_dream_goes(options, step_size, image):
    plain, pulled = (
        one_step(image, linear(image), Ascent(step_size=step_size, **more), rng=frame_rng(0, 0))
        for more in ({}, options)
    )
    assert variation(pulled) < variation(plain) and variation(pulled) < variation(image)


def test_defaults_do_nothing(image):
    assert shape(image, Ascent()) is image


def test_sizes_of_steps_over_octaves_and_steps():
    ascent = Ascent(steps=3, step_size=2, octave_step=0.5, last_step=0.5)
    sizes = [[step.step_size for step in steps_of(ascent, octave)] for octave in range(3)]
    assert sizes == [[2, 1.5, 1], [1, 0.75, 0.5], [0.5, 0.375, 0.25]]
    assert [step.step_size for step in steps_of(Ascent(steps=1, last_step=0), 0)] == [1.5]
    assert steps_of(Ascent(steps=0), 0) == []


def test_dream_takes_steps_of_these_sizes():
    grey = torch.full((1, 3, 20, 20), 0.5)
    ascent = Ascent(octaves=1, steps=4, step_size=2, last_step=0, jitter=0)
    after = dream(grey, linear(grey), ascent, rng=frame_rng(0, 0))
    expected = 2 + 4 / 3 + 2 / 3  # always the same way
    assert_close((after - grey).abs().mean() * 255, torch.tensor(expected), atol=1e-3, rtol=0)


@pytest.mark.parametrize("optimiser", ["momentum", "adam"])
def test_step_does_not_wait_for_the_device(optimiser):
    """On the meta device there are shapes but no numbers: whoever asks for one is refused."""
    image = torch.empty(1, 3, 40, 48, device="meta")
    mask = torch.empty(1, 1, 40, 48, device="meta")
    ascent, past = Ascent(**EVERYTHING | {"optimiser": optimiser}), None
    for _ in range(2):
        image, past = ascend(image, WAVY, ascent, rng=frame_rng(0, 0), mask=mask, past=past)
    assert image.shape == (1, 3, 40, 48)
