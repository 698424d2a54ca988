import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream.gradient import unit_mean
from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.grid import whole_grid
from dreamvid.dream.objectives.guides import best_matches
from dreamvid.dream.objectives.objective import Objective, energy, only
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.dream.settings import Ascent
from dreamvid.film.engine import frame_rng
from dreamvid.models.head import Head
from tests.support.climb import one_step

DRAW = torch.Generator().manual_seed(3)
TARGET = (torch.rand(1, 5, 3, 4, generator=DRAW),)
WEIGHTS = torch.tensor([1.0, 0, -0.5, 0, 2])
HEAD = Head("b", torch.randn(4, 5, generator=DRAW), torch.randn(4, generator=DRAW))
EXAMPLES = {
    "energy": (),
    "channel": (WEIGHTS,),
    "direction": (WEIGHTS,),
    "neuron": (WEIGHTS, (0.3, 0.7)),
    "diversity": (),
    "class": (HEAD, torch.tensor([0.0, 1, 1, 0])),
    "words": (HEAD, torch.randn(4, generator=DRAW)),
    "strongest": (*TARGET, 2),
    "weakest": (*TARGET, 2),
    "average": (*TARGET, 2),
    "guide": TARGET,
    "guide-mean": TARGET,
    "style": TARGET,
}


class TinyFeatures:
    """Two convolutions as two layers."""

    def __init__(self):
        draw = torch.Generator().manual_seed(1)
        self.first = torch.randn(4, 3, 3, 3, generator=draw)
        self.second = 100 * torch.randn(5, 4, 3, 3, generator=draw)

    def __call__(self, image, layers):
        a = torch.tanh(torch.conv2d(image, self.first, padding=1))
        b = torch.conv2d(a, self.second, padding=1)
        return {name: {"a": a, "b": b}[name] for name in layers}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_rises_in_five_steps(name, image):
    score = Score(TinyFeatures(), [Part("b", OBJECTIVES[name](*EXAMPLES[name]))])
    options = Ascent(step_size=2.5, jitter=4)
    after = image
    for n in range(5):
        after = one_step(after, score, options, rng=frame_rng(0, n))
    assert score(after) > score(image)
    assert after.shape == image.shape and after.min() >= 0 and after.max() <= 1


def test_negative_weight_lowers_the_objective(image):
    features = TinyFeatures()
    less = Score(features, [Part("b", energy(), -1.0)])
    after = one_step(image, less, Ascent(jitter=0), rng=frame_rng(0, 0))
    assert features(after, ("b",))["b"].pow(2).sum() < features(image, ("b",))["b"].pow(2).sum()


def test_balanced_weights_are_relative_to_one_gradient_size(image):
    """Each part's own gradient, brought to one mean size, times its weight."""
    features = TinyFeatures()
    score = Score(features, [Part("a", energy()), Part("b", energy(), -0.25)])
    x = image.clone().requires_grad_()
    activation = features(x, ("a", "b"))
    one, two = (
        torch.autograd.grad(activation[name].pow(2).sum(), x, retain_graph=True)[0] for name in "ab"
    )
    expected = one / one.abs().mean() - 0.25 * two / two.abs().mean()
    assert_close(score.balanced(image).gradient(image), expected)


def test_balanced_drops_a_part_without_gradient(image):
    features = TinyFeatures()
    flat = Objective(lambda activation, grid: 0 * activation.sum().reshape(1))
    score = Score(features, [Part("a", energy()), Part("b", flat)])
    alone = Score(features, [Part("a", energy())])
    result = score.balanced(image).gradient(image)
    assert_close(unit_mean(result), unit_mean(alone.gradient(image)))


def test_best_match_in_parts_equals_the_whole(monkeypatch, rng):
    vectors, features = torch.randn(6, 50, generator=rng), torch.randn(6, 40, generator=rng)
    whole = (vectors.T.double() @ features.double()).argmax(dim=1)
    monkeypatch.setattr("dreamvid.dream.objectives.guides.PRODUCTS", 80)
    assert torch.equal(best_matches(vectors, features), whole)


def test_only_restricts_the_channels():
    activation = torch.rand(1, 5, 3, 4)
    whole = only([1, 3], energy())(activation, whole_grid(activation))
    assert_close(whole, 0.5 * (activation[0, 1].pow(2).sum() + activation[0, 3].pow(2).sum()))
