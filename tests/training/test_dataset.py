from pathlib import Path

import numpy as np
import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.training.data.pairs import Pair
from dreamvid.training.data.split import Split
from dreamvid.training.dataset import make_dataset
from tests.support.tiny_network import space


def pairs(folder: Path, *captions):
    made = []
    for number, caption in enumerate(captions):
        photo = folder / f"{len(captions)}-{number}.jpg"
        photo.write_bytes(b"photo")
        made.append(Pair(photo, photo.name, caption, tuple(caption.split())))
    return tuple(made)


@pytest.fixture
def dataset(tmp_path):
    train = pairs(tmp_path, "sea tower", "sea sand", "unheard words", "tower tower")
    return make_dataset(Split(train, pairs(tmp_path, "sand", "nothing"), ()), space(WORDS))


WORDS = ("sea", "tower", "sand", "harbour")


def by_hand(*words):
    table = space(WORDS).vectors.double().numpy()
    total = sum(table[WORDS.index(word)] for word in words)
    return total / np.linalg.norm(total)


def test_captions_without_a_known_word_are_left_out(dataset):
    assert [pair.caption for pair in dataset.pairs] == [
        "sea tower",
        "sea sand",
        "tower tower",
        "sand",
    ]
    assert (dataset.train, dataset.validation) == (3, 1)


def test_captions_are_centred_unit_vectors(dataset):
    learned = [by_hand("sea", "tower"), by_hand("sea", "sand"), by_hand("tower")]
    mean = np.mean(learned, 0)
    wanted = np.stack([by_hand("sand") - mean, learned[1] - mean])
    np.testing.assert_allclose(dataset.captions([3, 1], centred=True), wanted, atol=1e-6)


def test_captions_may_be_uncentred(dataset):
    table = space(WORDS).vectors
    torch.testing.assert_close(dataset.captions([0], centred=False)[0], table[0] + table[1])


def test_most_used_words_are_those_of_most_captions(dataset):
    assert dataset.most_used(9) == [("sea", 2), ("tower", 2), ("sand", 1)]
    assert dataset.most_used(1) == [("sea", 2)]


def test_digest_follows_photos_and_words(dataset, tmp_path):
    before = dataset.digest()
    assert dataset.digest() == before
    (tmp_path / "4-0.jpg").write_bytes(b"another photo")
    assert dataset.digest() != before


def test_too_few_known_captions_are_refused(tmp_path):
    train = pairs(tmp_path, "sea", "unheard", "words")
    with pytest.raises(PresetError, match=r"^--captions: only 1 of 3 captions"):
        make_dataset(Split(train, (), ()), space(WORDS))


def test_missing_photo_is_named(dataset, tmp_path):
    (tmp_path / "4-0.jpg").unlink()
    with pytest.raises(PresetError, match=r"^--images: 4-0.jpg: No such file or directory"):
        dataset.digest()
