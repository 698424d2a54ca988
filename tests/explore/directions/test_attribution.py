"""Labels, words and photos against a float64 reading of what they are said to be."""

import numpy as np
import pytest
import torch

from dreamvid.explore.directions.attribution import FAINT, contributions
from dreamvid.explore.directions.goals import towards_labels, towards_words
from dreamvid.explore.directions.make import strongest
from dreamvid.explore.directions.photos import NOISE, contrast, levels
from dreamvid.models.features import FeatureModel
from dreamvid.models.head import Head
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.words import WordSpace

LOW, HIGH = "low", "high"


class Tiny:
    """Two layers of squares of mixed colours: low = mix1 x, high = (mix2 low)^2."""

    layers = (LOW, HIGH)

    def __init__(self, rng):
        self.one = torch.randn(4, 3, generator=rng)
        self.two = torch.randn(5, 4, generator=rng)
        self.head = Head(HIGH, torch.randn(6, 5, generator=rng), torch.randn(6, generator=rng))

    def to(self, device, dtype=None):
        return self

    def __call__(self, pixels, layers):
        low = torch.einsum("oc,nchw->nohw", self.one, pixels)
        high = torch.einsum("oc,nchw->nohw", self.two, low).square()
        return {name: {LOW: low, HIGH: high}[name] for name in layers}


@pytest.fixture
def tiny(rng):
    return FeatureModel("tiny", Tiny(rng), Pixels(1, (0, 0, 0)), torch.device("cpu"))


@pytest.fixture
def pictures(rng):
    return [torch.rand(1, 3, height, 5, generator=rng) for height in (4, 6, 7)]


def as64(tensor):
    return tensor.detach().numpy().astype(np.float64)


def slopes(tiny, picture, slope_of_outputs):
    """Activations (channels, places) of both layers, and the goal's slope at each, by hand."""
    net = tiny.network
    pixels = as64(picture)[0].reshape(3, -1)
    low = as64(net.one) @ pixels
    before = as64(net.two) @ low
    high = before**2
    outputs = as64(net.head.weight) @ high + as64(net.head.bias)[:, None]
    at_high = as64(net.head.weight).T @ slope_of_outputs(outputs)
    return {LOW: (low, as64(net.two).T @ (at_high * 2 * before)), HIGH: (high, at_high)}


def by_definition(tiny, pictures, slope_of_outputs):
    parts = {LOW: [], HIGH: []}
    energies = {LOW: [], HIGH: []}
    for picture in pictures:
        for layer, (seen, slope) in slopes(tiny, picture, slope_of_outputs).items():
            part = (seen * slope).sum(1)
            parts[layer].append(part / np.abs(part).sum())
            energies[layer].append((seen**2).mean(1))
    found = {}
    for layer in (LOW, HIGH):
        rms = np.sqrt(np.mean(energies[layer], 0))
        found[layer] = np.mean(parts[layer], 0) / (rms + FAINT * rms.max())
    return found


def softmax(outputs):
    e = np.exp(outputs - outputs.max(0))
    return e / e.sum(0)


def test_attribution_is_gradient_times_activation(tiny, pictures):
    def slope(outputs):  # of log-odds: softmax among the chosen, less that among the others
        down = np.zeros_like(outputs)
        down[[1, 4]] = softmax(outputs[[1, 4]])
        down[[0, 2, 3, 5]] = -softmax(outputs[[0, 2, 3, 5]])
        return down

    found = contributions(tiny, towards_labels(tiny.head, [4, 1]), pictures, [LOW, HIGH])
    for layer, expected in by_definition(tiny, pictures, slope).items():
        np.testing.assert_allclose(found[layer].numpy(), expected, rtol=2e-4, atol=1e-6)


def test_word_goal_is_the_difference_of_cosines(tiny, pictures, rng):
    vectors = torch.randn(3, 6, generator=rng)
    space = WordSpace(("beach", "church", "tapas"), vectors, tiny.head)
    unit = as64(vectors) / np.linalg.norm(as64(vectors), axis=1, keepdims=True)
    target = unit[0] - unit[1]

    def slope(outputs):
        size = np.linalg.norm(outputs, axis=0)
        return target[:, None] / size - outputs * (target @ outputs) / size**3

    goal = towards_words(space, "beach", "church")
    found = contributions(tiny, goal, pictures, [LOW, HIGH])
    for layer, expected in by_definition(tiny, pictures, slope).items():
        np.testing.assert_allclose(found[layer].numpy(), expected, rtol=2e-3, atol=1e-5)
    np.testing.assert_allclose(
        as64(goal.weights), target @ as64(tiny.head.weight), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(ValueError, match="no word 'beech'"):
        towards_words(space, "beech")


def test_label_weights_are_mean_rows_above_the_mean(tiny):
    rows = as64(tiny.head.weight)
    goal = towards_labels(tiny.head, [0, 3])
    expected = rows[[0, 3]].mean(0) - rows.mean(0)
    np.testing.assert_allclose(as64(goal.weights), expected, rtol=1e-4, atol=1e-6)


def test_photo_contrast_is_in_standard_deviations(tiny, rng):
    these = [torch.rand(1, 3, 5, 6, generator=rng) for _ in range(4)]
    others = [0.5 * torch.rand(1, 3, 5, 6, generator=rng).square() for _ in range(3)]
    here, there = (levels(tiny, pictures, [LOW]) for pictures in (these, others))
    found = contrast(here, there)[LOW].numpy()

    def rms(picture):
        seen = as64(tiny.network.one) @ as64(picture)[0].reshape(3, -1)
        return np.sqrt((seen**2).mean(1))

    near, far = (np.array([rms(p) for p in pictures]) for pictures in (these, others))
    spread = near.std(0, ddof=1) + far.std(0, ddof=1) + NOISE
    expected = np.maximum((near.mean(0) - far.mean(0)) / spread, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert (expected > 0).any()
    back = contrast(there, here)[LOW].numpy()
    np.testing.assert_array_equal(back[expected > 0], 0)


def test_strongest_weights_are_the_fewest_of_a_share():
    weights = torch.tensor([0.1, 0.4, 0.0, 0.2, 0.3])
    assert strongest(weights, 0.39).tolist() == pytest.approx([0, 0.4, 0, 0, 0])
    assert strongest(weights, 0.6).tolist() == pytest.approx([0, 0.4, 0, 0, 0.3])
    assert strongest(weights, 0.95).tolist() == pytest.approx([0.1, 0.4, 0, 0.2, 0.3])
