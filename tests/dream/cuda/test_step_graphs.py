"""Recorded steps; the recording itself is a GPU's, and here only done again."""

import runpy
import sys
from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream.cuda import (
    gradient_graphs as graphs,
)
from dreamvid.dream.cuda import (
    step_graphs as recorded,
)
from dreamvid.dream.cuda import (
    step_triton,
)
from dreamvid.dream.cuda.gradient_graphs import GraphedScore
from dreamvid.dream.objectives.catalogue import neuron
from dreamvid.dream.objectives.objective import energy
from dreamvid.dream.objectives.score import Part
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import ascend, dream, steps_of
from dreamvid.models.layers.reference_mode import reference_mode
from tests.dream.cuda.test_gradient_graphs import pictures, tiny
from tests.support.interpreted import interpreted

CUDA = torch.device("cuda")
PLAIN = Ascent(octaves=2, steps=4, jitter=9, step_size=2.0, last_step=0.5)
SHAPED = [
    PLAIN,
    replace(PLAIN, pyramid=2),
    replace(PLAIN, decorrelate=0.5, luminance=0.2),
    replace(PLAIN, smooth=1.5),
]
NOT_SIMPLE = [
    replace(PLAIN, optimiser="momentum"),
    replace(PLAIN, total_variation=0.2),
    replace(PLAIN, high_frequency=0.2),
]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def one_by_one(image, score, steps, rng):
    with reference_mode():  # and so without what is recorded
        for step in steps:
            image, _ = ascend(image, score, step, rng=rng)
    return image


@pytest.mark.parametrize("ascent", SHAPED)
@pytest.mark.parametrize("size", [(24, 32), (9, 40)])
def test_recorded_steps_are_those_of_ascend(ascent, size, replayed):
    features, one, two = tiny(), energy(), energy()
    for number, image in enumerate(pictures(5, size)):
        # Each frame has other shares, sizes and jitters.
        parts = [Part("first", one, 1.0 + number), Part("second", two, -0.3, torch.tensor(2.0))]
        score = GraphedScore(features, parts)
        steps = steps_of(replace(ascent, step_size=1.0 + number), 0)
        drawn, other = rng(number), rng(number)
        before = image.clone()
        result = recorded.replay_steps(image, score, steps, drawn)
        assert torch.equal(image, before)
        assert bool(replayed) == (number >= recorded.AFTER)
        assert_close(result, one_by_one(image, score, steps, other), atol=1e-5, rtol=0)
        assert torch.equal(drawn.get_state(), other.get_state())


def test_recorded_film_is_the_film(replayed, monkeypatch):
    score = GraphedScore(tiny(), [Part("first", energy()), Part("second", energy())])
    image = pictures(1, (48, 64))[0]
    films = []
    for device in ("nowhere", "cpu"):
        monkeypatch.setattr(graphs, "DEVICE", device)
        frame, film = image, []
        for number in range(5):
            frame = dream(frame, score, PLAIN, rng=rng(number))
            film.append(frame)
        films.append(torch.cat(film))
    assert replayed
    assert_close(*films, atol=1e-4, rtol=0)


@pytest.mark.parametrize("ascent", NOT_SIMPLE)
def test_optimisers_with_memory_and_pulls_are_not_recorded(ascent, replayed):
    score = GraphedScore(tiny(), [Part("first", energy())])
    for image in pictures(5):
        assert recorded.replay_steps(image, score, steps_of(ascent, 0), rng()) is None


def test_placed_objectives_are_not_recorded(replayed):
    score = GraphedScore(tiny(), [Part("first", neuron(torch.ones(4), (0.5, 0.5)))])
    for image in pictures(5):
        assert recorded.replay_steps(image, score, steps_of(PLAIN, 0), rng()) is None


@pytest.mark.parametrize("changing", ["pyramid", "frequency", "smooth", "decorrelate", "luminance"])
def test_recording_waits_for_settings_that_change_each_frame(changing, replayed):
    score = GraphedScore(tiny(), [Part("first", energy())])
    for number, image in enumerate(pictures(6)):
        value = number if changing == "pyramid" else 0.1 + number / 100
        steps = steps_of(replace(PLAIN, **{changing: value}), 0)
        result = recorded.replay_steps(image, score, steps, rng())
        assert_close(result, one_by_one(image, score, steps, rng()), atol=1e-5, rtol=0)
    assert not replayed


def test_replay_that_differs_from_the_step_is_discarded(replayed, monkeypatch):
    def record(work, pool):
        first = work().clone()
        return lambda: first.add_(0.1), first

    monkeypatch.setattr(graphs, "record", record)
    score = GraphedScore(tiny(), [Part("first", energy())])
    for image in pictures(5):
        result = recorded.replay_steps(image, score, steps_of(PLAIN, 0), rng())
        expected = one_by_one(image, score, steps_of(PLAIN, 0), rng())
        assert_close(result, expected, atol=1e-5, rtol=0)
    assert not graphs._GRAPHS[score.features]._recorded


def test_resumed_film_has_the_same_bits(replayed):
    parts = [Part("first", energy(), 0.7), Part("second", energy(), 0.2)]
    score, frames = GraphedScore(tiny(), parts), [pictures(1, (48, 64))[0]]
    for number in range(8):
        frames.append(dream(frames[-1], score, PLAIN, rng=rng(number)))
    resumed, begun = GraphedScore(tiny(), parts), len(replayed)
    for number in range(4, 8):
        again = dream(frames[number], resumed, PLAIN, rng=rng(number))
        assert torch.equal(again, frames[number + 1])
    assert 0 < len(replayed) - begun < begun


def test_masked_dream_is_not_recorded(replayed, monkeypatch):
    score, mask = GraphedScore(tiny(), [Part("first", energy())]), torch.zeros(1, 1, 48, 64)
    mask[..., :20] = 1
    for image in pictures(4, (48, 64)):
        result = dream(image, score, PLAIN, rng=rng(), mask=mask)
        monkeypatch.setattr(graphs, "DEVICE", "nowhere")
        assert_close(result, dream(image, score, PLAIN, rng=rng(), mask=mask))
        monkeypatch.setattr(graphs, "DEVICE", "cpu")


def test_gradient_of_a_recorded_step_is_not_recorded_again(replayed):
    score = GraphedScore(tiny(), [Part("first", energy())])
    for image in pictures(5, (48, 64)):
        dream(image, score, PLAIN, rng=rng())
    known = graphs._GRAPHS[score.features]._recorded
    assert [type(recording) for recording in known.values()] == [
        recorded._RecordedStep
    ] * PLAIN.octaves


@pytest.mark.cuda
@pytest.mark.parametrize("ascent", SHAPED)
def test_recorded_steps_on_the_gpu_are_those_of_ascend(ascent):
    score = GraphedScore(tiny(CUDA), [Part("first", energy()), Part("second", energy(), -0.3)])
    for number, image in enumerate(pictures(5, (240, 321)).to(CUDA)):
        steps = steps_of(ascent, 0)
        result = recorded.replay_steps(image, score, steps, rng(number))
        assert result is not None
        expected = one_by_one(image, score, steps, rng(number))
        assert float((result - expected).abs().mean()) < 0.01 / 255
    known = graphs._GRAPHS[score.features]._recorded
    assert [type(recording) for recording in known.values()] == [recorded._RecordedStep]


@pytest.mark.cuda
def test_resumed_film_on_the_gpu_has_the_same_bits():
    parts = [Part("first", energy(), 0.7), Part("second", energy(), 0.2)]
    score, frames = GraphedScore(tiny(CUDA), parts), [pictures(1, (48, 64))[0].to(CUDA)]
    for number in range(8):
        frames.append(dream(frames[-1], score, PLAIN, rng=rng(number)))
    resumed = GraphedScore(tiny(CUDA), parts)
    for number in range(4, 8):
        assert torch.equal(
            dream(frames[number], resumed, PLAIN, rng=rng(number)), frames[number + 1]
        )


RUN = """
import json
from tests.dream.cuda.test_step_graphs import KERNEL_CASES, differences
print(json.dumps([(*case, *differences(*case)) for case in KERNEL_CASES]))
"""
KERNEL_CASES = [  # height, width, down, across
    (4, 5, 0, 0),
    (7, 3, 6, 2),
    (40, 33, 1, 0),
    (33, 41, 32, 40),
]


def differences(height, width, down, across, device="cpu"):
    """Compare the kernels' roll and step with torch's in float64: the largest differences."""
    image = torch.rand(1, 3, height, width, generator=rng(1))
    gradient = torch.randn(1, 3, height, width, generator=rng(2))
    image[0, 0, 0, 0] = torch.nan
    mean, size = gradient.abs().mean(), 0.3
    inputs = torch.tensor([float(down), float(across), size], device=device)
    rolled_image = step_triton.rolled(image.to(device), inputs).cpu()
    expected = image.double() + size * gradient.double().roll((-down, -across), (-2, -1)) / mean
    new = image.to(device, copy=True)
    step_triton.advance(new, gradient.to(device), inputs, mean.to(device))
    assert bool(new[0, 0, 0, 0].isnan())
    assert 0 < float((new.nan_to_num() == 1).float().mean()) < 0.5
    apart = (new.cpu() - expected.clamp(0, 1)).nan_to_num().abs().max()
    rolled = image.roll((down, across), (-2, -1))
    return [float((rolled_image - rolled).nan_to_num().abs().max()), float(apart)]


@pytest.mark.slow
def test_kernels_are_torchs_roll_and_the_steps_end():
    result = interpreted(RUN)
    assert len(result) == len(KERNEL_CASES)
    assert not [case for case in result if case[-2] or case[-1] > 1e-6]


def test_kernels_need_triton_and_a_gpu(monkeypatch):
    assert not step_triton.supports(torch.ones(1, 3, 4, 4))
    monkeypatch.setitem(sys.modules, "triton", None)
    assert runpy.run_path(str(step_triton.__file__))["triton"] is None


@pytest.mark.cuda
def test_kernels_run_on_the_gpu():
    assert step_triton.supports(torch.ones(1, 3, 4, 4, device="cuda"))
    for case in [*KERNEL_CASES, (1080, 1920, 31, 1901)]:
        roll, end = differences(*case, device="cuda")
        assert not roll and end < 1e-6, case
