import numpy as np
import pytest
import torch
from PIL import Image

from dreamvid.training.base import read_base
from dreamvid.training.batches import Sample, chunks
from dreamvid.training.data.pairs import Pair
from dreamvid.training.frozen_features import FeatureExtractor, blank_features, frozen_features
from dreamvid.training.views import view
from tests.support.tiny_network import CPU, Tiny, tiny_base

SAMPLES = [Sample(0, 1), Sample(1, 0), Sample(2, 3), Sample(0, 2)]


@pytest.fixture
def pairs(tmp_path, texture):
    made = []
    for number in range(3):
        photo = tmp_path / f"{number}.png"
        Image.fromarray(texture(64, 70, seed=number)).save(photo)
        made.append(Pair(photo, photo.name, "", ("word",)))
    return made


def extract(pairs, workers=0):
    broken = []
    on_broken = lambda sample, reason: broken.append((sample, reason))
    extractor = FeatureExtractor(pairs, tiny_base(), CPU, 7, workers, on_broken)
    return list(extractor(chunks(SAMPLES, 3))), broken


def test_features_are_the_frozen_layer_of_the_view(pairs):
    batches, broken = extract(pairs)
    assert [list(each.samples) for each in batches] == [SAMPLES[:3], SAMPLES[3:]]
    assert (batches[0].rows, batches[1].rows, broken) == ([0, 1, 2], [0], [])
    crop = view(pairs[2].photo, "2.png", 3, seed=7)
    mean = ((crop - 0.5).double().numpy()[0]).reshape(3, 14, 16, 14, 16)
    kernel = Tiny().first.double().numpy()
    by_hand = np.einsum("ciyjx,ocyx->oij", mean, kernel).clip(0)
    np.testing.assert_allclose(batches[0].activations[2].numpy(), by_hand, atol=1e-5)


def test_broken_photo_is_left_out_and_reported(pairs):
    pairs[1].photo.write_bytes(b"no photo any more")
    batches, broken = extract(pairs)
    assert batches[0].rows == [0, 2]
    assert len(batches[0].activations) == 2
    assert [sample for sample, _ in broken] == [Sample(1, 0)]
    assert "1.png is not a picture" in broken[0][1]


def test_batch_of_broken_photos_is_empty(pairs):
    for pair in pairs:
        pair.photo.unlink()
    batches, broken = extract(pairs)
    assert [len(each.activations) for each in batches] == [0, 0]
    assert len(broken) == 4


@pytest.mark.slow
def test_workers_compute_the_same(pairs):
    pairs[1].photo.unlink()
    (alone, broken), (together, broken_too) = extract(pairs), extract(pairs, workers=2)
    assert broken == broken_too
    for one, other in zip(alone, together, strict=True):
        assert one.rows == other.rows
        assert torch.equal(one.activations, other.activations)


def test_out_of_memory_halves_the_batch(rng):
    class Small(Tiny):
        def __call__(self, pixels, layers):
            if len(pixels) > 2:
                raise RuntimeError("not enough memory: you tried to allocate")
            return super().__call__(pixels, layers)

    pixels = torch.rand(7, 3, 32, 32, generator=rng)
    assert torch.equal(frozen_features(Small(), pixels), frozen_features(Tiny(), pixels))


def test_features_of_no_photos_are_empty():
    base = read_base("lite0", CPU)
    shape = blank_features(base, CPU).shape
    assert shape == (1, 112, 14, 14)
    assert frozen_features(base.network, torch.zeros(0, 3, 224, 224)).shape == (0, 112, 14, 14)
