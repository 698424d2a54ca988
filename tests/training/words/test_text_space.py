import math

import numpy as np
import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.training.words import (
    learned_vectors as learned_words,
)
from dreamvid.training.words import (
    text_space as text,
)
from dreamvid.training.words.learned_vectors import ppmi_vectors, word2vec
from dreamvid.training.words.text_space import TextSpace, make_text_space

TOWN = [
    ["casa", "gaudi", "barcelona"],
    ["casa", "mosaic", "gaudi", "barcelona"],
    ["paella", "rice", "barcelona"],
    ["paella", "rice", "pan"],
    ["mosaic", "gaudi", "park"],
]


def cosine(a, b):
    return float(a @ b / (a.norm() * b.norm()))


def test_caption_is_the_sum_of_its_words_by_tf_idf():
    space = TextSpace(
        ("a", "b", "c"), torch.tensor([[1.0, 0], [0, 1], [2, 2]]), torch.tensor([0.5, 3.0, 0.0])
    )
    found = space.caption(["a", "b", "a", "unknown"])
    assert found is not None and found.tolist() == [1.0, 3.0]
    assert space.caption(["unknown"]) is None and space.caption([]) is None
    assert space.caption(["c"]) is None  # every caption has it


def test_rare_word_weighs_more():
    space = make_text_space("labels", TOWN, seed=0)
    idf = dict(zip(space.words, space.idf.tolist(), strict=True))
    assert space.idf.dtype == torch.float32
    for word, holding in {"barcelona": 3, "paella": 2, "pan": 1}.items():
        assert idf[word] == pytest.approx(math.log2(5 / holding))


def test_captions_with_a_word_are_counted_also_of_words_without_a_vector(monkeypatch):
    space = make_text_space("words", TOWN, seed=0)
    assert "rice" in space.words and "pan" not in space.words
    counts = {"barcelona": 3, "gaudi": 3, "casa": 2, "mosaic": 2, "paella": 2, "rice": 2}
    assert space.captions == counts | {"pan": 1, "park": 1}
    monkeypatch.setattr(text, "MOST_RARE", 1)
    assert make_text_space("words", TOWN, seed=0).captions == counts | {"pan": 1}


def test_labels_are_orthonormal_and_leave_out_what_all_captions_have():
    space = make_text_space("labels", [["all", "a"], ["all", "b"]], seed=0)
    assert space.words == ("a", "b")
    assert torch.equal(space.vectors, torch.eye(2))


def test_labels_must_differ_and_not_be_too_many(monkeypatch):
    with pytest.raises(PresetError, match=r"^--captions: all of them say the same"):
        make_text_space("labels", [["all"], ["all"]], seed=0)
    monkeypatch.setattr(text, "MOST_LABELS", 3)
    with pytest.raises(PresetError, match=r"^--captions: 8 different words are too many"):
        make_text_space("labels", TOWN, seed=0)


def test_related_words_are_near():
    space = make_text_space("words", TOWN, seed=0)
    vector = dict(zip(space.words, space.vectors, strict=True))
    assert cosine(vector["paella"], vector["rice"]) == pytest.approx(1, abs=1e-4)  # as one word
    near, far = (cosine(vector["gaudi"], vector[word]) for word in ("casa", "rice"))
    assert near > 0.3 > 0.1 > far
    casas, meal = space.caption(TOWN[0]), space.caption(TOWN[3])
    assert cosine(casas, space.caption(TOWN[1])) > 0.5 > cosine(casas, meal)


def test_ppmi_vectors_reproduce_the_ppmi():
    """With all dimensions U S^(1/2) keeps U S U^T, the root of M M^T."""
    words = ["barcelona", "casa", "gaudi", "mosaic", "paella", "rice"]  # those of two captions
    together = np.zeros((len(words),) * 2)
    for caption in TOWN:
        here = [words.index(word) for word in caption if word in words]
        together[np.ix_(here, here)] += 1
    share = together.sum(0) ** 0.75
    expected = together.sum(1)[:, None] * (share / share.sum())[None]
    with np.errstate(divide="ignore"):
        gain = np.maximum(np.log(together / expected), 0)
    found, vectors = ppmi_vectors(TOWN, 300, seed=3)
    assert found == tuple(words)
    products = (vectors @ vectors.T).double().numpy()
    np.testing.assert_allclose(products @ products, gain @ gain.T, atol=1e-5)


def test_ppmi_vectors_keep_the_largest_dimensions():
    rng = np.random.default_rng(0)
    captions = [[f"w{n}" for n in rng.choice(60, 6, replace=False)] for _ in range(300)]
    _, vectors = ppmi_vectors(captions, 10, seed=0)  # by the sparse solver
    _, whole = ppmi_vectors(captions, 60, seed=0)  # by the dense one
    assert vectors.shape == (60, 10) and whole.shape == (60, 60)
    values = np.linalg.svd(whole.double().numpy(), compute_uv=False)
    found = np.linalg.svd(vectors.double().numpy(), compute_uv=False)
    np.testing.assert_allclose(found, values[:10], rtol=1e-4)


def test_ppmi_vectors_are_rotated():
    """The recipe scales a caption by its least and largest number."""
    rng = np.random.default_rng(0)
    captions = [["town", f"a{n % 5}", f"b{n % 9}", f"c{n}"] for n in rng.permutation(60)]
    _, vectors = ppmi_vectors(captions, 40, seed=0)
    energy = vectors.square().sum(0)
    assert float(energy.max() / energy.mean()) < 3


def test_words_must_be_shared_but_not_by_all():
    words, _ = ppmi_vectors([["a", "b", "c"], ["b", "c"], ["a", "d"]], 300, seed=0)
    assert words == ("a", "b", "c")
    for captions in ([["a", "b"], ["a", "b"]], [["a"], ["b"]]):
        with pytest.raises(PresetError, match=r"^--captions: no words tell them apart"):
            ppmi_vectors(captions, 300, seed=0)


def test_word2vec_for_many_captions(monkeypatch):
    monkeypatch.setattr(learned_words, "EPOCHS", 100)
    monkeypatch.setattr(text, "FEW", 100)
    rng = np.random.default_rng(0)
    kinds = (["casa", "gaudi", "roof", "tile"], ["paella", "rice", "pan", "spoon"])
    captions = [list(rng.permutation(kinds[n % 2])) for n in range(200)] + [["rare", "casa"]]
    space = make_text_space("words", captions, seed=0, dimensions=20)
    vector = dict(zip(space.words, space.vectors, strict=True))
    assert set(vector) == {*kinds[0], *kinds[1]}  # said fewer than five times: no vector
    assert space.vectors.shape == (8, 20)
    assert cosine(vector["casa"], vector["roof"]) > cosine(vector["casa"], vector["rice"]) + 0.1
    with pytest.raises(PresetError, match=r"^--captions: no word is said 5 times"):
        word2vec([["a", "b"]], 20, seed=0)


@pytest.mark.parametrize("make", [ppmi_vectors, word2vec])
def test_seed_gives_the_same_vectors(make):
    captions = TOWN * 5
    words, vectors = make(captions, 4, seed=1)
    again, same = make(captions, 4, seed=1)
    assert words == again and torch.equal(vectors, same)
    assert not torch.equal(vectors, make(captions, 4, seed=2)[1])


def test_file_brings_its_dimensions_and_frequent_words(tmp_path):
    file = tmp_path / "glove.txt"
    file.write_text("the 1 0 0\ngaudi 0 1 0\nocean 0 0 1\nrice 1 1 0\n")
    space = make_text_space("words", TOWN, seed=0, vectors=file, without={"the"})
    assert space.words == ("gaudi", "ocean", "rice")
    assert space.vectors.tolist() == [[0, 1, 0], [0, 0, 1], [1, 1, 0]]
    assert space.idf.tolist() == pytest.approx([math.log2(5 / 3), math.log2(5), math.log2(5 / 2)])
