from pathlib import Path

import numpy as np
import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.training.data.pairs import Pair
from dreamvid.training.data.split import Split
from dreamvid.training.dataset import make_lesson
from tests.support.tiny_network import space


def pairs(folder: Path, *captions):
    made = []
    for number, caption in enumerate(captions):
        photo = folder / f"{len(captions)}-{number}.jpg"
        photo.write_bytes(b"photo")
        made.append(Pair(photo, photo.name, caption, tuple(caption.split())))
    return tuple(made)


@pytest.fixture
def lesson(tmp_path):
    train = pairs(tmp_path, "sea tower", "sea sand", "unheard words", "tower tower")
    return make_lesson(Split(train, pairs(tmp_path, "sand", "nothing"), ()), space(WORDS))


WORDS = ("sea", "tower", "sand", "harbour")


def by_hand(*words):
    table = space(WORDS).vectors.double().numpy()
    total = sum(table[WORDS.index(word)] for word in words)
    return total / np.linalg.norm(total)


def test_captions_without_a_known_word_are_left_out(lesson):
    assert [pair.caption for pair in lesson.pairs] == [
        "sea tower",
        "sea sand",
        "tower tower",
        "sand",
    ]
    assert (lesson.learning, lesson.stopping) == (3, 1)


def test_captions_are_unit_vectors_around_the_mean_of_those_learned_from(lesson):
    learned = [by_hand("sea", "tower"), by_hand("sea", "sand"), by_hand("tower")]
    mean = np.mean(learned, 0)
    wanted = np.stack([by_hand("sand") - mean, learned[1] - mean])
    np.testing.assert_allclose(lesson.captions([3, 1], centred=True), wanted, atol=1e-6)


def test_captions_may_be_as_the_space_has_them(lesson):
    table = space(WORDS).vectors
    torch.testing.assert_close(lesson.captions([0], centred=False)[0], table[0] + table[1])


def test_the_most_used_words_are_those_of_the_most_captions(lesson):
    assert lesson.most_used(9) == [("sea", 2), ("tower", 2), ("sand", 1)]
    assert lesson.most_used(1) == [("sea", 2)]


def test_the_digest_follows_photos_and_words(lesson, tmp_path):
    before = lesson.digest()
    assert lesson.digest() == before
    (tmp_path / "4-0.jpg").write_bytes(b"another photo")
    assert lesson.digest() != before


def test_too_little_that_is_known_is_said(tmp_path):
    train = pairs(tmp_path, "sea", "unheard", "words")
    with pytest.raises(PresetError, match=r"^--captions: only 1 of 3 captions"):
        make_lesson(Split(train, (), ()), space(WORDS))


def test_a_photo_that_vanished_is_named(lesson, tmp_path):
    (tmp_path / "4-0.jpg").unlink()
    with pytest.raises(PresetError, match=r"^--images: 4-0.jpg: No such file or directory"):
        lesson.digest()
