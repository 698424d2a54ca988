"""Dreams of the real GoogLeNet come out as what was asked for; judged by its own classifier."""

import numpy as np
import pytest
import torch

from dreamvid.film.job import still
from dreamvid.image import fit
from dreamvid.media.images.reading import load
from dreamvid.models.labels import imagenet
from dreamvid.models.weights import store
from dreamvid.models.weights.install import install
from dreamvid.preset.load import with_settings

CPU = torch.device("cpu")
LAYER = "inception_4c/output"
PLAIN = ("video.frames=1", "model=googlenet")


@pytest.fixture
def googlenet(shared):
    install(shared / "weights" / "bvlc_googlenet.npz")
    return store.load("googlenet", CPU)


@pytest.mark.slow
@pytest.mark.parametrize("label", ["lion", "suspension bridge"])
def test_noise_dreamed_by_a_label_becomes_it(label, googlenet):
    """Caffe's own path: the pooled classifier on 224x224 pixels, softmax in NumPy.

    Ascent raises the label above all others, so it is the most probable from each start. How
    probable is left to rounding: one of ten starts ends between 0.85 and 0.9 (of 17 moved by
    1e-6, on AVX-512), another one on another processor; the median of five does not.
    """
    number = imagenet().index(label)

    def probabilities(image):
        with torch.no_grad():
            logits = googlenet(image, ["loss3/classifier"])["loss3/classifier"]
        grown = np.exp(logits.flatten().double().numpy())
        return grown / grown.sum()

    preset = with_settings([*PLAIN, f"dream.classes={label}", "dream.steps=20"])
    dreamed = []
    for seed in range(5):
        noise = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(seed))
        assert probabilities(noise)[number] < 0.01
        dreamed.append(probabilities(still(noise, preset, CPU)))
    assert [int(result.argmax()) for result in dreamed] == [number] * 5
    assert np.median([result[number] for result in dreamed]) > 0.9


@pytest.mark.slow
def test_guided_dreams_are_nearer_to_their_guide_than_unguided_ones(googlenet, shared):
    """The mean over positions of the best cosine to any position of the guide."""
    folder = shared / "samples"
    picture = fit(load(folder / "moraine_lake.jpg", option=""), (160, 240))

    def unit_vectors(image):
        with torch.no_grad():
            vectors = googlenet(image, [LAYER])[LAYER].flatten(2)[0].double().numpy()
        return vectors / np.linalg.norm(vectors, axis=0).clip(1e-9)

    def dreamed(*settings):
        preset = with_settings([*PLAIN, f"dream.layers={LAYER}", *settings])
        return unit_vectors(still(picture, preset, CPU))

    unguided = dreamed()
    for guide in ("fideua_food", "gaudi_dragon_park_guell", "tower-sunset"):
        led = fit(load(folder / f"{guide}.jpg", option=""), (96, 128))
        goal = unit_vectors(led)
        least = (unguided.T @ goal).max(1).mean() + 0.01
        for objective in ("guide", "guide-mean", "style"):
            path = f"dream.guide={folder / guide}.jpg"
            guided = dreamed(path, f"dream.objective={objective}")
            assert (guided.T @ goal).max(1).mean() > least, (guide, objective)
