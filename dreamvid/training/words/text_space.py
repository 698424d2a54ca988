"""The space of words, in which captions are vectors and photos are trained to lie.

A caption is the sum of its words' vectors, weighted by TF-IDF.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.training.words.learned_vectors import FEW, Words, ppmi_vectors, word2vec
from dreamvid.training.words.pretrained_vectors import read_vectors

MOST_LABELS = 4096  # each is a dimension
MOST_RARE = 10_000  # words without a vector that are counted: the most frequent


@dataclass(frozen=True)
class TextSpace:
    """Word vectors and their weights."""

    words: tuple[str, ...]
    vectors: Float[Tensor, "words dimensions"]
    idf: Float[Tensor, " words"]  # log2 of captions per caption with the word; 0: all have it
    captions: Mapping[str, int] = field(default_factory=dict)
    """Number of captions with each word, and with the most frequent of those without a vector."""

    def caption(self, words: Sequence[str]) -> Float[Tensor, " dimensions"] | None:
        """Compute a caption's vector from its words; None if none of them has a weight."""
        numbers = [self._numbers[word] for word in words if word in self._numbers]
        total = self.idf[numbers] @ self.vectors[numbers]
        return total if bool(total.any()) else None

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}


def make_text_space(
    kind: Literal["words", "labels"],
    captions: Sequence[Sequence[str]],
    *,
    seed: int,
    dimensions: int = 300,
    vectors: Path | None = None,
    without: Collection[str] = (),
) -> TextSpace:
    """Make the space of some captions, the same in each run.

    Args:
        kind: "words": those said of the same things are near each other. "labels": all words are
            orthogonal, like the classes of a classifier.
        dimensions: of "words", at most; a small corpus has fewer, a file its own, and labels
            one each.
        vectors: a file of word vectors to read for "words" instead of learning them.
        without: words not to read from the file, such as stop words.

    Raises PresetError.
    """
    idf = _idf(captions)
    if kind == "labels":
        words, table = _labels(idf)
    elif vectors:
        words, table = read_vectors(vectors, idf.keys(), without)
    elif len(captions) < FEW:
        words, table = ppmi_vectors(captions, dimensions, seed)
    else:
        words, table = word2vec(captions, dimensions, seed)
    rarest = max(idf.values())  # for the file's words that no caption has
    weights = torch.tensor([idf.get(word, rarest) for word in words], dtype=torch.float32)
    return TextSpace(words, table, weights, _counts(captions, words))


def _idf(captions: Sequence[Sequence[str]]) -> dict[str, float]:
    from gensim.corpora import Dictionary
    from gensim.models import TfidfModel

    dictionary = Dictionary(captions)
    model: Any = TfidfModel(dictionary=dictionary)  # it has no types
    return {word: model.idfs[number] for word, number in sorted(dictionary.token2id.items())}


def _counts(captions: Sequence[Sequence[str]], known: Collection[str]) -> dict[str, int]:
    counts = Counter(word for caption in captions for word in set(caption))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    vectors = {*known}
    rare = [(word, count) for word, count in ordered if word not in vectors]
    return {word: counts[word] for word in known if word in counts} | dict(rare[:MOST_RARE])


def _labels(idf: dict[str, float]) -> Words:
    words = tuple(word for word, rare in idf.items() if rare)
    if not words:
        raise PresetError("--captions", "all of them say the same", "labels must differ")
    if len(words) > MOST_LABELS:
        problem = f"{len(words)} different words are too many for labels"
        raise PresetError("--captions", problem, f"at most {MOST_LABELS}; or train on words")
    return words, torch.eye(len(words))
