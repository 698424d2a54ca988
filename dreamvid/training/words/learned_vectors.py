"""Word vectors learned from the captions alone: words said of the same things are near."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError

FEW = 10_000
"""Number of captions below which `ppmi_vectors` serves better than Word2Vec.

On 185 captions of photos the mean average precision of words' photos was 0.47 against 0.36 (a
linear head on GoogLeNet's features, the recipe's loss); on 1000 to 10,000 short texts of other
things the mean reciprocal rank of a text's second half, given the first, was 0.12 to 0.27 against
0.10 to 0.21.
"""
SHARED = 2  # captions, at least, with a word: in a single one it says no more than the others
WINDOW, FEWEST, EPOCHS = 8, 5, 50  # the 2018 recipe
SMOOTH = 0.75  # power of a word's frequency as context; Levy, Goldberg and Dagan 2015

Sparse = Any  # scipy's csr_array; scipy comes with an extra and is imported late
Words = tuple[tuple[str, ...], Float[Tensor, "words dimensions"]]


def word2vec(captions: Sequence[Sequence[str]], dimensions: int, seed: int) -> Words:
    """Train Word2Vec, continuous bag of words (Mikolov et al. 2013), as for the model of 2018.

    Words said fewer than five times have no vector. One thread, so that a seed gives the same
    vectors each time: 260,000 captions take minutes. Raises PresetError if no word has one.
    """
    from gensim.models import Word2Vec

    model = Word2Vec(vector_size=dimensions, window=WINDOW, min_count=FEWEST, seed=seed, workers=1)
    sentences = list(map(list, captions))
    model.build_vocab(sentences)
    if not len(model.wv):
        raise PresetError("--captions", f"no word is said {FEWEST} times", "a place has its words")
    model.train(sentences, total_examples=len(sentences), epochs=EPOCHS)
    words: list[str] = model.wv.index_to_key  # pyright: ignore[reportAssignmentType]
    return tuple(words), torch.from_numpy(model.wv.vectors.copy())


def ppmi_vectors(captions: Sequence[Sequence[str]], dimensions: int, seed: int) -> Words:
    """Factorise the positive pointwise mutual information of words that share captions.

    Singular vectors, each times the square root of its singular value: what Word2Vec's skip-grams
    approach as text grows (Levy and Goldberg 2014), here exactly. Then they are rotated at random:
    else a few dimensions would hold nearly all, and the recipe's scaling of a caption from its
    least to its largest number would lose the others.

    Words of a single caption have no vector. Raises PresetError if fewer than two have one.
    """
    words, counts = _cooccurrences(captions)
    gain = _ppmi(counts)
    telling = np.flatnonzero(gain.sum(1))
    if len(telling) < 2:
        problem = "no words tell them apart"
        raise PresetError("--captions", problem, "words that some captions share are needed")
    left, values = _truncated_svd(gain, dimensions)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values),) * 2))
    vectors = (left * np.sqrt(values)) @ rotation
    return tuple(words[n] for n in telling), torch.from_numpy(vectors[telling]).float()


def _cooccurrences(captions: Sequence[Sequence[str]]) -> tuple[list[str], Sparse]:
    """List the shared words, and count the captions of each two, a word and itself included."""
    from scipy.sparse import csr_array

    held = Counter(word for caption in captions for word in set(caption))
    words = sorted(word for word, count in held.items() if count >= SHARED)
    numbers = {word: number for number, word in enumerate(words)}
    columns = [sorted({numbers[w] for w in caption if w in numbers}) for caption in captions]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.array([number for column in columns for number in column], np.int64)
    holds = csr_array((np.ones(len(flat)), flat, ends), shape=(len(captions), len(words)))
    return words, csr_array(holds.T @ holds)


def _ppmi(together: Sparse) -> Sparse:
    """Compute log p(word, context) / p(word) p(context) of each two words, if above 0."""
    from scipy.sparse import csr_array

    pairs = together.tocoo()
    counts = together.sum(1)
    word, context = counts / counts.sum(), counts**SMOOTH / (counts**SMOOTH).sum()
    by_chance = counts.sum() * word[pairs.row] * context[pairs.col]
    gain = csr_array((np.log(pairs.data / by_chance).clip(0), (pairs.row, pairs.col)), pairs.shape)
    gain.eliminate_zeros()
    return gain


def _truncated_svd(matrix: Sparse, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the left singular vectors of the largest singular values, and these."""
    from scipy.sparse.linalg import svds

    rows: int = matrix.shape[0]
    if rows <= 2 * count:  # svds is for few of many
        left, values = np.linalg.svd(matrix.toarray())[:2]
    else:
        left, values = svds(matrix, count, v0=np.ones(rows))[:2]
    return left[:, :count], values[:count]
