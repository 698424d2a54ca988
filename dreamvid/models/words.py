"""Words of a city model as vectors, in a space that images and captions share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.models.head import Head
from dreamvid.system.text import fold, ranked

MOST_NEAR = 3  # words that an error suggests


def signed(text: str) -> list[tuple[int, str]]:
    """Parse words and their signs (1 or -1), folded: "gaudi", "food -people".

    Raises ValueError for a sign that stands alone.
    """
    parts = [(-1 if part.startswith("-") else 1, part.lstrip("-+")) for part in fold(text).split()]
    if not all(word for _, word in parts):
        raise ValueError(f"a minus or plus stands right before its word, not as in {text!r}")
    return parts


@dataclass(frozen=True)
class WordSpace:
    """Words as vectors, and the head that maps features to vectors."""

    words: Sequence[str]
    vectors: Float[Tensor, "words dimensions"]
    head: Head
    captions: Mapping[str, int] = field(default_factory=dict)
    """Number of captions with each word, unknown ones that few have included; older models have
    none."""

    def vector(self, text: str) -> Float[Tensor, " dimensions"]:
        """Sum the vectors of words, those after a minus subtracted: "gaudi", "food -people".

        Raises ValueError naming an unknown word and the nearest known ones.
        """
        total = self.vectors.new_zeros(self.vectors.shape[1])
        for sign, word in signed(text):
            total = total + sign * F.normalize(self.vectors[self._number(word)], dim=0)
        if not bool(total.any()):
            raise ValueError(f"{text!r} leaves nothing of itself")
        return F.normalize(total, dim=0)

    def nearest(self, vector: Float[Tensor, " dimensions"], count: int) -> list[tuple[str, float]]:
        """Find the words nearest to a vector, each with its cosine."""
        cosines = F.normalize(self.vectors, dim=1) @ F.normalize(vector, dim=0)
        best = cosines.topk(min(count, len(self.words)))
        numbers: list[int] = best.indices.tolist()
        return [(self.words[n], float(c)) for n, c in zip(numbers, best.values, strict=True)]

    def _number(self, word: str) -> int:
        if word in self.words:
            return self.words.index(word)
        near = ranked(word, self.words)[:MOST_NEAR]
        cure = f"nearest: {', '.join(near)}" if near else f"it has {len(self.words)} others"
        raise ValueError(f"{self.unknown(word)} ({cure})")

    def unknown(self, word: str) -> str:
        """Say why a word is unknown: no caption had it, or too few."""
        had = self.captions.get(word, 0)
        captions = "1 caption" if had == 1 else f"{had} captions"
        only = f": {captions} had it, which is too few to learn it from" if had else ""
        return f"the model knows no word {word!r}{only}"
