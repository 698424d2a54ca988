from pathlib import Path

import numpy as np
import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.models.head import Head
from dreamvid.models.words import WordSpace
from dreamvid.training.data.pairs import Pair
from dreamvid.training.evaluation.baselines import ridge, untrained
from dreamvid.training.evaluation.evaluate import BEST, CHANCE, Vectors, cosines, evaluate

WORDS = ("sea", "house", "hill", "nobody")
CAPTIONS = [("sea", "hill"), ("sea",), ("house", "strange"), ("strange",)]
PAIRS = [
    Pair(Path(f"{n}.jpg"), f"{n}.jpg", " ".join(words), words) for n, words in enumerate(CAPTIONS)
]


def vectors(scores):
    """Photos and words whose products are these, a row for each photo."""
    return Vectors(torch.tensor(scores, dtype=torch.float32), torch.eye(len(WORDS)))


def test_queries_and_their_answers():
    found = evaluate(
        PAIRS, WORDS, {"one": vectors([[9, 0, 1, 5], [1, 0, 0, 0], [3, 2, 0, 1], [2] * 4])}
    )
    images, words = found.word_to_image, found.image_to_word
    # Only "sea" is of two photos; its order is photos 0, 2, 3, 1.
    assert (images.queries, images.answers) == (1, 4)
    assert images.measures["one"].precision == pytest.approx({1: 1, 5: 0.5, 10: 0.5})
    # The last photo has no word that is known; the others have theirs at places 1, 1 and 2.
    assert (words.queries, words.answers) == (3, 4)
    assert words.measures["one"].precision[1] == pytest.approx(2 / 3)
    assert words.measures["one"].median_rank == 1
    assert list(images.measures) == [BEST, "one", CHANCE]
    assert images.measures[CHANCE].precision[1] == pytest.approx(2 / 4)
    assert words.measures[CHANCE].precision[1] == pytest.approx((2 / 4 + 1 / 4 + 1 / 4) / 3)
    assert words.measures[BEST].precision[5] == pytest.approx((2 / 4 + 1 / 4 + 1 / 4) / 3)


def test_photos_without_a_word_in_common_are_refused():
    with pytest.raises(
        PresetError, match=r"^--images: the 2 photos have no word in common .*--all"
    ):
        evaluate(PAIRS[1:3], WORDS, {})


def test_cosines_do_not_depend_on_lengths():
    space = WordSpace(
        ("a", "b"), torch.tensor([[2.0, 0], [3, 4]]), Head("", torch.eye(2), torch.zeros(2))
    )
    found = cosines(torch.tensor([[5.0, 0]]), space)
    assert (found.photos @ found.words.T).tolist() == [pytest.approx([1, 0.6])]


def test_ridge_is_the_solution_of_its_equations(rng):
    learned, seen = torch.rand(30, 8, generator=rng), torch.rand(5, 8, generator=rng)
    captions = [("sea",) if row[0] > 0.5 else ("hill", "odd") for row in learned]
    found = ridge(learned, captions, seen, WORDS)
    x, y = learned.double().numpy(), np.array([[w in c for w in WORDS] for c in captions], float)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    around = units - units.mean(0)
    # The same as plain least squares with rows that ask for slopes of 0.
    penalty = np.sqrt((around**2).sum(1).mean()) * np.eye(8)
    stacked = np.concatenate([around, penalty]), np.concatenate([y - y.mean(0), np.zeros((8, 4))])
    slopes = np.linalg.lstsq(*stacked, rcond=None)[0]
    new = seen.double().numpy()
    new = new / np.linalg.norm(new, axis=1, keepdims=True) - units.mean(0)
    expected = new @ slopes + y.mean(0)
    np.testing.assert_allclose((found.photos @ found.words.T).numpy(), expected, atol=1e-5)


def test_ridge_finds_the_word_of_a_channel(rng):
    learned, seen = torch.rand(200, 8, generator=rng), torch.rand(50, 8, generator=rng)
    captions = [("sea",) if row[0] > row[1] else ("hill",) for row in learned]
    found = ridge(learned, captions, seen, WORDS)
    scores = found.photos @ found.words.T
    right = (scores[:, 0] > scores[:, 2]) == (seen[:, 0] > seen[:, 1])
    assert float(right.float().mean()) > 0.9


def test_untrained_head_is_random_and_centred(rng):
    space = WordSpace(
        WORDS, torch.randn(4, 6, generator=rng), Head("", torch.zeros(6, 9), torch.zeros(6))
    )
    learned = torch.rand(20, 9, generator=rng) + 5  # a large mean, which would hide all else
    seen = torch.rand(7, 9, generator=rng) + 5
    found = untrained(learned, seen, space, seed=1)
    assert torch.equal(found.photos, untrained(learned, seen, space, seed=1).photos)
    assert not torch.equal(found.photos, untrained(learned, seen, space, seed=2).photos)
    products = found.photos @ found.photos.T
    assert float(products.fill_diagonal_(0).max()) < 0.95  # they do not all point one way
