"""A city model put to the test: do photos it has not learned from find their words, and words
their photos?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.models.words import WordSpace
from dreamvid.training.data.pairs import Pair
from dreamvid.training.evaluation.retrieval import Measures, best, chance, measure

FEWEST = 2  # photos of a word that is asked for: what a single one has may be a name, or a slip
BEST, CHANCE = "best possible", "chance"


@dataclass(frozen=True)
class Vectors:
    """Photos and words: the larger a scalar product, the better they fit."""

    photos: Float[Tensor, "photos dimensions"]
    words: Float[Tensor, "words dimensions"]


@dataclass(frozen=True)
class Retrieval:
    """One way of asking, and how well it was answered."""

    queries: int
    answers: int  # there are for each
    measures: dict[str, Measures]
    """By who answered: the best possible, those that were asked, and chance."""


@dataclass(frozen=True)
class Evaluation:
    word_to_image: Retrieval
    image_to_word: Retrieval


def cosines(outputs: Float[Tensor, "photos dimensions"], space: WordSpace) -> Vectors:
    """A head's outputs among the words, ranked by their cosine."""
    return Vectors(F.normalize(outputs, dim=1), F.normalize(space.vectors, dim=1).cpu())


def evaluate(
    pairs: Sequence[Pair], words: Sequence[str], asked: Mapping[str, Vectors]
) -> Evaluation:
    """Ask for the photos of each word, and for the words of each photo.

    A word's photos are those whose caption has it; asked for is each word that two of the photos
    or more have, and all photos are the answers. A photo's words are those of its caption that
    are known; asked about is each photo that has such a word, and all words that are known are
    the answers, also those that no caption here has.

    Args:
        pairs: the photos, with their captions.
        words: those that are known.
        asked: by a name, for these photos and words in this order.

    Raises PresetError where there is nothing to ask.
    """
    numbers = {word: number for number, word in enumerate(words)}
    words_of = [sorted({numbers[w] for w in pair.words if w in numbers}) for pair in pairs]
    photos_of: list[list[int]] = [[] for _ in words]
    for photo, found in enumerate(words_of):
        for word in found:
            photos_of[word].append(photo)
    telling = [word for word, photos in enumerate(photos_of) if len(photos) >= FEWEST]
    captioned = [photo for photo, found in enumerate(words_of) if found]
    if not telling:
        problem = f"the {len(pairs)} photos have no word in common that the model knows"
        raise PresetError("--images", problem, "--all takes those learned from as well")
    to_images = {name: (v.words[telling], v.photos) for name, v in asked.items()}
    to_words = {name: (v.photos[captioned], v.words) for name, v in asked.items()}
    return Evaluation(
        _retrieval([photos_of[word] for word in telling], len(pairs), to_images),
        _retrieval([words_of[photo] for photo in captioned], len(words), to_words),
    )


def _retrieval(
    relevant: Sequence[Sequence[int]], answers: int, asked: Mapping[str, tuple[Tensor, Tensor]]
) -> Retrieval:
    measures = {name: measure(*vectors, relevant) for name, vectors in asked.items()}
    own = {BEST: best(relevant, answers), **measures, CHANCE: chance(relevant, answers)}
    return Retrieval(len(relevant), answers, own)
