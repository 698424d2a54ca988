"""Retrieval test of a city model: held-out photos find their words, and words their photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.models.words import WordSpace
from dreamvid.training.data.pairs import Pair
from dreamvid.training.evaluation.retrieval import Measures, best, chance, measure

FEWEST = 2  # photos, at least, of a query word: the word of a single one may be a name, or a slip
BEST, CHANCE = "best possible", "chance"


@dataclass(frozen=True)
class Vectors:
    """Vectors of photos and words: the larger the scalar product, the better the match."""

    photos: Float[Tensor, "photos dimensions"]
    words: Float[Tensor, "words dimensions"]


@dataclass(frozen=True)
class Retrieval:
    queries: int
    answers: int  # candidates for each
    measures: dict[str, Measures]  # by ranker: the best possible, the models, and chance


@dataclass(frozen=True)
class Evaluation:
    word_to_image: Retrieval
    image_to_word: Retrieval


def cosines(outputs: Float[Tensor, "photos dimensions"], space: WordSpace) -> Vectors:
    """Normalise a head's outputs and the words, so that scalar products are cosines."""
    return Vectors(F.normalize(outputs, dim=1), F.normalize(space.vectors, dim=1).cpu())


def evaluate(
    pairs: Sequence[Pair], words: Sequence[str], models: Mapping[str, Vectors]
) -> Evaluation:
    """Measure the retrieval of photos by words, and of words by photos.

    Words that two photos or more have in their captions are queries for these photos, among all
    photos. Photos with a known word in their captions are queries for these words, among all known
    words, also those that no caption here has.

    Args:
        models: vectors for these photos and words, in this order, by the model's name.

    Raises PresetError if there are no queries.
    """
    numbers = {word: number for number, word in enumerate(words)}
    words_of = [sorted({numbers[w] for w in pair.words if w in numbers}) for pair in pairs]
    photos_of: list[list[int]] = [[] for _ in words]
    for photo, known in enumerate(words_of):
        for word in known:
            photos_of[word].append(photo)
    queries = [word for word, photos in enumerate(photos_of) if len(photos) >= FEWEST]
    captioned = [photo for photo, known in enumerate(words_of) if known]
    if not queries:
        problem = f"the {len(pairs)} photos have no word in common that the model knows"
        raise PresetError("--images", problem, "--all takes those learned from as well")
    to_images = {name: (v.words[queries], v.photos) for name, v in models.items()}
    to_words = {name: (v.photos[captioned], v.words) for name, v in models.items()}
    return Evaluation(
        _retrieval([photos_of[word] for word in queries], len(pairs), to_images),
        _retrieval([words_of[photo] for photo in captioned], len(words), to_words),
    )


def _retrieval(
    relevant: Sequence[Sequence[int]], answers: int, models: Mapping[str, tuple[Tensor, Tensor]]
) -> Retrieval:
    measures = {name: measure(*vectors, relevant) for name, vectors in models.items()}
    rankers = {BEST: best(relevant, answers), **measures, CHANCE: chance(relevant, answers)}
    return Retrieval(len(relevant), answers, rankers)
