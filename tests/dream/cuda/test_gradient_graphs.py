"""Recorded gradients; the recording itself is a GPU's, and here only done again."""

import gc
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from dreamvid.dream.cuda import gradient_graphs as graphs
from dreamvid.dream.cuda.gradient_graphs import GraphedScore
from dreamvid.dream.objectives.catalogue import neuron
from dreamvid.dream.objectives.objective import energy, masked
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.models.layers.reference_mode import reference_mode

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def tiny(device=CPU):
    """A network of two layers; each call's is another."""
    rng = torch.Generator().manual_seed(3)
    first = (torch.randn(4, 3, 3, 3, generator=rng) / 3).to(device)
    second = (torch.randn(6, 4, 3, 3, generator=rng) / 3).to(device)

    def features(image, layers):
        one = F.relu(F.conv2d(image - 0.5, first))
        return {"first": one, "second": F.conv2d(one, second, stride=2)}

    return features


def pictures(count, size=(24, 32)):
    rng = torch.Generator().manual_seed(7)
    return torch.rand(count, 1, 3, *size, generator=rng)


def test_replay_has_the_gradient_of_each_image_and_weight(replayed):
    features, one, two = tiny(), energy(), energy()
    for number, image in enumerate(pictures(8)):
        factor = torch.tensor(0.5 + number)
        parts = [Part("first", one, 1.0 + number), Part("second", two, -0.3, factor)]
        score = GraphedScore(features, parts)
        assert_close(score.gradient(image), Score(score.features, score.parts).gradient(image))
    assert replayed == ["pool"] * (8 - graphs.AFTER)


def test_replay_leaves_earlier_results_alone(replayed):
    score = GraphedScore(tiny(), [Part("first", energy())])
    images = pictures(6)
    results = [score.gradient(image) for image in images]
    for image, result in zip(images, results, strict=True):
        assert_close(result, Score(score.features, score.parts).gradient(image))


def test_recordings_are_separate_by_size_and_objective(replayed):
    features, objective = tiny(), energy()
    for size in ((24, 32), (16, 16)):
        for image in pictures(5, size):
            score = GraphedScore(features, [Part("first", objective)])
            assert_close(score.gradient(image), Score(score.features, score.parts).gradient(image))
    assert len(replayed) == 2 * (5 - graphs.AFTER)


def test_placed_objectives_are_not_recorded(replayed):
    mask = torch.ones(1, 1, 4, 4)
    for objective in (masked(mask, energy()), neuron(torch.ones(4), (0.5, 0.5))):
        score = GraphedScore(tiny(), [Part("first", objective)])
        for image in pictures(6):
            score.gradient(image, (0.25, 0.0))
    with reference_mode():
        score = GraphedScore(tiny(), [Part("first", energy())])
        for image in pictures(6):
            score.gradient(image)
    assert not replayed


def test_recording_that_fails_falls_back_to_autograd(replayed, monkeypatch):
    def fail(work, pool):
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    monkeypatch.setattr(graphs, "record", fail)
    score = GraphedScore(tiny(), [Part("first", energy())])
    for image in pictures(6):
        assert_close(score.gradient(image), Score(score.features, score.parts).gradient(image))


def test_recordings_are_limited_in_number(replayed, monkeypatch):
    monkeypatch.setattr(graphs, "MOST", 1)
    features = tiny()
    for _ in range(3):
        score = GraphedScore(features, [Part("first", energy())])
        for image in pictures(5):
            assert_close(score.gradient(image), Score(score.features, score.parts).gradient(image))
    assert len(replayed) == 5 - graphs.AFTER


def test_recordings_unused_for_long_are_dropped(replayed, monkeypatch):
    monkeypatch.setattr(graphs, "MOST", 1)
    monkeypatch.setattr(graphs, "LONG", 10)
    features = tiny()
    for _ in range(3):  # scenes
        score = GraphedScore(features, [Part("first", energy())])
        for image in pictures(15):
            assert_close(score.gradient(image), Score(score.features, score.parts).gradient(image))
    assert len(graphs._GRAPHS[features]._recorded) == 1
    assert len(replayed) > 2 * (15 - 10)


def test_recordings_hold_their_objectives(replayed, monkeypatch):
    """It is known by their ids, which others would have after them."""
    monkeypatch.setattr(graphs, "record", lambda work, pool: (lambda: None, work()))
    features, objective = tiny(), energy()
    for image in pictures(5):
        GraphedScore(features, [Part("first", objective)]).gradient(image)
    reference = weakref.ref(objective)
    del objective
    gc.collect()
    assert reference() is not None


def test_recordings_are_dropped_with_their_model(replayed, monkeypatch):
    monkeypatch.setattr(graphs, "record", lambda work, pool: (lambda: None, work()))
    features = tiny()
    score = GraphedScore(features, [Part("first", energy())])
    for image in pictures(5):
        score.gradient(image)
    assert features in graphs._GRAPHS
    gone = weakref.ref(features)
    del features, score
    gc.collect()
    assert gone() is None


@pytest.mark.cuda
def test_recorded_gradient_on_the_gpu_is_the_gradient():
    score = GraphedScore(tiny(CUDA), [Part("first", energy()), Part("second", energy(), -0.3)])
    for image in pictures(6).to(CUDA):
        assert_close(score.gradient(image), Score(score.features, score.parts).gradient(image))
    known = graphs._GRAPHS[score.features]._recorded
    assert [graph is not None for graph in known.values()] == [True]
