"""Warnings about sets of photos, on levels drawn at random."""

import pytest
import torch

from dreamvid.explore.directions.photo_checks import alike, beastly, few, not_apart
from dreamvid.models.directions.direction import Direction, read_direction
from dreamvid.models.directions.library import SHIPPED


@pytest.fixture
def drawn():
    """(seed, photos) -> levels of a layer of 200 channels, none for two photos alike."""

    def draw(seed, count):
        return torch.rand(count, 200, generator=torch.Generator().manual_seed(seed))

    return draw


def test_few_photos_are_told():
    assert few("--photos", 20) == []
    (said,) = few("--photos", 14)
    assert said.startswith("--photos: 14 photos are few; 40 of the same kind")


def test_copies_among_photos_are_counted(drawn):
    photos = drawn(0, 12)
    assert alike("--photos", {"a": photos, "b": photos}) == []
    noise = 0.01 * drawn(1, 5)
    copied = torch.cat([photos, 1.3 * photos[:5] + noise])  # brighter copies of five
    (said,) = alike("--photos", {"a": copied})
    assert said.startswith("--photos: 5 of 17 photos look like others among them, and add little")


def test_sets_that_differ_by_chance_are_told(drawn):
    one, other = {"a": drawn(0, 30)}, {"a": drawn(1, 40)}
    (said,) = not_apart(one, other)
    assert said.startswith("--against: the two sets of photos differ hardly more than by chance (")
    lifted = one["a"].clone()
    lifted[:, :10] += 0.6  # two standard deviations in one channel of twenty
    assert not_apart({"a": lifted}, other) == []


def test_direction_of_animals_is_told_with_the_cure():
    kept = SHIPPED / "lite0"
    creatures = read_direction(kept / "creatures.safetensors")
    doubled = Direction({layer: 2 * one for layer, one in creatures.weights.items()}, {})
    (said,) = beastly(doubled, "lite0")
    assert "cosine with creatures is 1.00" in said and "--without creatures" in said
    assert beastly(read_direction(kept / "city.safetensors"), "lite0") == []
    assert beastly(doubled, "vgg16") == []  # which has no creatures
