"""What is learned: photos, and where their captions lie among the words."""

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
class Lesson:
    """The pairs whose captions say something in the space of words."""

    pairs: tuple[Pair, ...]  # those to learn from, then those that tell when to stop
    learning: int  # of the former
    space: TextSpace
    mean: Float[Tensor, " dimensions"]  # of the former's captions, each as a unit vector

    @property
    def stopping(self) -> int:
        return len(self.pairs) - self.learning

    def captions(
        self, numbers: Sequence[int], *, centred: bool
    ) -> Float[Tensor, "photos dimensions"]:
        """Of some pairs: as the space has them, or as unit vectors around the mean."""
        found = torch.stack([_caption(self.space, self.pairs[number]) for number in numbers])
        return F.normalize(found, dim=1) - self.mean if centred else found

    def most_used(self, count: int) -> list[tuple[str, int]]:
        """The words that most of the captions learned from have, and how many have each."""
        learned = self.pairs[: self.learning]
        used = Counter(word for pair in learned for word in set(pair.words))
        ordered = sorted(used.items(), key=lambda item: (-item[1], item[0]))
        telling = (item for item in ordered if self.space.caption([item[0]]) is not None)
        return list(islice(telling, count))

    def digest(self) -> str:
        """Of the photos' names, sizes and times, and of the captions' words.

        Raises PresetError for a photo that is not there any more.
        """
        whole = sha256()
        for pair in self.pairs:
            try:
                found = pair.photo.stat()
            except OSError as error:
                cure = "it was there a moment ago"
                raise PresetError("--images", f"{pair.name}: {error.strerror}", cure) from None
            line = f"{pair.name} {found.st_size} {found.st_mtime_ns} {' '.join(pair.words)}\n"
            whole.update(line.encode(errors="surrogateescape"))
        return whole.hexdigest()


def make_lesson(parts: Split, space: TextSpace) -> Lesson:
    """Raises PresetError where too little is left."""
    learning, stopping = (
        tuple(pair for pair in pairs if space.caption(pair.words) is not None)
        for pairs in (parts.train, parts.stopping)
    )
    if len(learning) < 2:
        problem = f"only {len(learning)} of {len(parts.train)} captions have words that are known"
        raise PresetError("--captions", problem, "words that several captions share are learned")
    total = torch.zeros(space.vectors.shape[1])
    for pair in learning:
        total += F.normalize(_caption(space, pair), dim=0)
    return Lesson((*learning, *stopping), len(learning), space, total / len(learning))


def _caption(space: TextSpace, pair: Pair) -> Float[Tensor, " dimensions"]:
    vector = space.caption(pair.words)
    assert vector is not None  # the others are no part of a lesson
    return vector
