"""Pairs in three parts: to train on, to know when to stop, and to test with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from dreamvid.training.data.pairs import Pair

TRAIN, STOPPING = 0.80, 0.85  # where parts end, of 1; the rest is for the test
PARTS = ((0.0, TRAIN), (TRAIN, STOPPING), (STOPPING, 1.0))


@dataclass(frozen=True)
class Split:
    train: tuple[Pair, ...]
    stopping: tuple[Pair, ...]
    test: tuple[Pair, ...]

    @property
    def without_test(self) -> "Split":
        """Nothing is left to test with: what would have been is trained on, too."""
        return Split((*self.train, *self.test), self.stopping, ())


def split(pairs: Sequence[Pair], seed: int) -> Split:
    """About 80, 5 and 15 % of the pairs, as the Barcelona model of 2018 had them (Gomez).

    A pair's part follows from the seed and its name alone, whatever else there is. Only where
    a part would be empty, as may be with some dozens, the one pair nearest to it moves there;
    of three pairs or more none is left empty.
    """
    places = [place(pair.name, seed) for pair in pairs]
    numbers = [_part(at) for at in places]
    for part, (start, end) in enumerate(PARTS):
        counts = Counter(numbers)
        spare = [i for i, number in enumerate(numbers) if counts[number] > 1]
        if part not in numbers and spare:
            nearest = min(spare, key=lambda i: max(start - places[i], places[i] - end))
            numbers[nearest] = part
    train, stopping, test = (
        tuple(pair for pair, number in zip(pairs, numbers, strict=True) if number == part)
        for part in range(len(PARTS))
    )
    return Split(train, stopping, test)


def names_digest(pairs: Sequence[Pair]) -> str:
    """SHA-256 of the names in their order, a line each: whether photos are the same ones."""
    lines = "\n".join(sorted(pair.name for pair in pairs))
    return sha256(lines.encode(errors="surrogateescape")).hexdigest()


def place(name: str, seed: int) -> float:
    """A pair's place, 0 to before 1, evenly spread: the start of SHA-256 of "SEED NAME"."""
    digest = sha256(f"{seed} {name}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _part(at: float) -> int:
    return next(number for number, (_, end) in enumerate(PARTS) if at < end)
