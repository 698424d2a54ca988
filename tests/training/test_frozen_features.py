import numpy as np
import pytest
import torch
from PIL import Image

from dreamvid.training.base import read_base
from dreamvid.training.batches import Look, chunks
from dreamvid.training.data.pairs import Pair
from dreamvid.training.frozen_features import Fresh, blank, frozen_part
from dreamvid.training.views import view
from tests.support.tiny_network import CPU, Tiny, tiny_base

LOOKS = [Look(0, 1), Look(1, 0), Look(2, 3), Look(0, 2)]


@pytest.fixture
def pairs(tmp_path, texture):
    made = []
    for number in range(3):
        photo = tmp_path / f"{number}.png"
        Image.fromarray(texture(64, 70, seed=number)).save(photo)
        made.append(Pair(photo, photo.name, "", ("word",)))
    return made


def looked(pairs, workers=0):
    told = []
    fresh = Fresh(pairs, tiny_base(), CPU, 7, workers, lambda *what: told.append(what))
    return list(fresh(chunks(LOOKS, 3))), told


def test_what_is_seen_is_the_frozen_layer_of_the_view(pairs):
    seen, told = looked(pairs)
    assert [list(each.looks) for each in seen] == [LOOKS[:3], LOOKS[3:]]
    assert (seen[0].rows, seen[1].rows, told) == ([0, 1, 2], [0], [])
    crop = view(pairs[2].photo, "2.png", 3, seed=7)
    mean = ((crop - 0.5).double().numpy()[0]).reshape(3, 14, 16, 14, 16)
    kernel = Tiny().first.double().numpy()
    by_hand = np.einsum("ciyjx,ocyx->oij", mean, kernel).clip(0)
    np.testing.assert_allclose(seen[0].activations[2].numpy(), by_hand, atol=1e-5)


def test_a_broken_photo_is_left_out_and_told(pairs):
    pairs[1].photo.write_bytes(b"no photo any more")
    seen, told = looked(pairs)
    assert seen[0].rows == [0, 2]
    assert len(seen[0].activations) == 2
    assert [look for look, _ in told] == [Look(1, 0)]
    assert "1.png is not a picture" in told[0][1]


def test_a_batch_of_broken_photos_is_empty(pairs):
    for pair in pairs:
        pair.photo.unlink()
    seen, told = looked(pairs)
    assert [len(each.activations) for each in seen] == [0, 0]
    assert len(told) == 4


@pytest.mark.slow
def test_other_processes_see_the_same(pairs):
    pairs[1].photo.unlink()
    (alone, told), (together, told_too) = looked(pairs), looked(pairs, workers=2)
    assert told == told_too
    for one, other in zip(alone, together, strict=True):
        assert one.rows == other.rows
        assert torch.equal(one.activations, other.activations)


def test_too_much_for_memory_is_seen_in_halves(rng):
    class Small(Tiny):
        def __call__(self, pixels, wanted):
            if len(pixels) > 2:
                raise RuntimeError("not enough memory: you tried to allocate")
            return super().__call__(pixels, wanted)

    pixels = torch.rand(7, 3, 32, 32, generator=rng)
    assert torch.equal(frozen_part(Small(), pixels), frozen_part(Tiny(), pixels))


def test_the_embedded_network_sees_nothing_of_no_photos():
    base = read_base("lite0", CPU)
    shape = blank(base, CPU).shape
    assert shape == (1, 112, 14, 14)
    assert frozen_part(base.network, torch.zeros(0, 3, 224, 224)).shape == (0, 112, 14, 14)
