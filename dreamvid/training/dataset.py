"""Photos to train on, and their captions as vectors in the space of words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.training.data.pairs import Pair
from dreamvid.training.data.split import Split
from dreamvid.training.words.text_space import TextSpace


@dataclass(frozen=True)
class Dataset:
    """Pairs whose captions have a vector in the space of words."""

    pairs: tuple[Pair, ...]  # the training pairs, then the validation pairs
    train: int  # number of training pairs
    space: TextSpace
    mean: Float[Tensor, " dimensions"]  # of the training captions, each as a unit vector

    @property
    def validation(self) -> int:
        return len(self.pairs) - self.train

    def captions(
        self, numbers: Sequence[int], *, centred: bool
    ) -> Float[Tensor, "photos dimensions"]:
        """Stack the caption vectors of some pairs; centred: as unit vectors, less their mean."""
        vectors = torch.stack([_caption(self.space, self.pairs[number]) for number in numbers])
        return F.normalize(vectors, dim=1) - self.mean if centred else vectors

    def most_used(self, count: int) -> list[tuple[str, int]]:
        """List the words that most training captions have, with the number of captions."""
        pairs = self.pairs[: self.train]
        counts = Counter(word for pair in pairs for word in set(pair.words))
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        known = (item for item in ordered if self.space.caption([item[0]]) is not None)
        return list(islice(known, count))

    def digest(self) -> str:
        """Hash the photos' names, sizes and times, and the captions' words.

        Raises PresetError for a photo that is not there any more.
        """
        whole = sha256()
        for pair in self.pairs:
            try:
                stat = pair.photo.stat()
            except OSError as error:
                cure = "it was there a moment ago"
                raise PresetError("--images", f"{pair.name}: {error.strerror}", cure) from None
            line = f"{pair.name} {stat.st_size} {stat.st_mtime_ns} {' '.join(pair.words)}\n"
            whole.update(line.encode(errors="surrogateescape"))
        return whole.hexdigest()


def make_dataset(parts: Split, space: TextSpace) -> Dataset:
    """Keep the pairs with a known word; raises PresetError for fewer than two to train on."""
    train, validation = (
        tuple(pair for pair in pairs if space.caption(pair.words) is not None)
        for pairs in (parts.train, parts.validation)
    )
    if len(train) < 2:
        problem = f"only {len(train)} of {len(parts.train)} captions have words that are known"
        raise PresetError("--captions", problem, "words that several captions share are learned")
    total = torch.zeros(space.vectors.shape[1])
    for pair in train:
        total += F.normalize(_caption(space, pair), dim=0)
    return Dataset((*train, *validation), len(train), space, total / len(train))


def _caption(space: TextSpace, pair: Pair) -> Float[Tensor, " dimensions"]:
    vector = space.caption(pair.words)
    assert vector is not None  # `make_dataset` leaves out the others
    return vector
