from pathlib import Path

import pytest

from dreamvid.training.data.pairs import Pair
from dreamvid.training.data.split import split


def pairs(count):
    names = [f"{n}.jpg" for n in range(count)]
    return [Pair(Path(name), name, "", ()) for name in names]


def parts(found):
    named = zip(
        ("train", "stopping", "test"), (found.train, found.validation, found.test), strict=True
    )
    return {pair.name: part for part, members in named for pair in members}


def test_split_shares():
    found = split(pairs(20_000), 7)
    shares = [len(part) / 20_000 for part in (found.train, found.validation, found.test)]
    assert shares == pytest.approx([0.80, 0.05, 0.15], abs=0.01)  # three standard deviations


def test_split_keeps_each_pair_in_order():
    given = pairs(200)
    found = split(given, 1)
    assert sorted(map(given.index, found.train + found.validation + found.test)) == list(range(200))
    assert list(found.train) == sorted(found.train, key=given.index)


def test_split_depends_on_the_name_alone():
    few, many = parts(split(pairs(300), 3)), parts(split(pairs(900)[::-1], 3))
    assert few == {name: many[name] for name in few}
    assert few != parts(split(pairs(300), 4))


def test_known_positions():
    """`printf '0 8.jpg' | sha256sum` begins with f762, and 0xf762 / 0x10000 is 0.97."""
    found = parts(split(pairs(60), 0))
    literal = {"0.jpg": "train", "8.jpg": "test", "11.jpg": "stopping", "15.jpg": "stopping"}
    assert {name: found[name] for name in literal} == literal


@pytest.mark.parametrize("count", [3, 20, 21])
def test_split_leaves_no_part_empty(count):
    for seed in range(400):
        found = split(pairs(count), seed)
        assert found.train and found.validation and found.test
        assert len(found.train) + len(found.validation) + len(found.test) == count


def test_split_moves_only_the_nearest_pair():
    moved = 0
    for seed in range(100):
        alone, among = parts(split(pairs(20), seed)), parts(split(pairs(200), seed))
        strays = [name for name in alone if alone[name] != among[name]]
        assert len(strays) <= 2
        moved += bool(strays)
    assert 20 < moved < 60  # of 20 pairs none falls into 5 % in 36 of 100 seeds


def test_without_test_adds_its_pairs_to_training():
    parts = split(pairs(200), 3)
    whole = parts.without_test
    assert (whole.validation, whole.test) == (parts.validation, ())
    assert {*whole.train} == {*parts.train, *parts.test}
