"""The split of pairs into training, validation and test parts."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from dreamvid.training.data.pairs import Pair

TRAIN, VALIDATION = 0.80, 0.85  # ends of the parts, of 1; the rest is the test part
PARTS = ((0.0, TRAIN), (TRAIN, VALIDATION), (VALIDATION, 1.0))


@dataclass(frozen=True)
class Split:
    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    test: tuple[Pair, ...]

    @property
    def without_test(self) -> "Split":
        """This split with the test part added to the training part."""
        return Split((*self.train, *self.test), self.validation, ())


def split(pairs: Sequence[Pair], seed: int) -> Split:
    """Split pairs into about 80, 5 and 15 %, as the Barcelona model of 2018 did (Gomez).

    The seed and a pair's name alone decide its part. Only if a part would be empty, as may happen
    with some dozens of pairs, the pair nearest to it moves there; with three pairs or more no
    part is left empty.
    """
    positions = [position(pair.name, seed) for pair in pairs]
    numbers = [bisect_right((TRAIN, VALIDATION), at) for at in positions]
    for part, (start, end) in enumerate(PARTS):
        counts = Counter(numbers)
        spare = [i for i, number in enumerate(numbers) if counts[number] > 1]
        if part not in numbers and spare:
            nearest = min(spare, key=lambda i: max(start - positions[i], positions[i] - end))
            numbers[nearest] = part
    train, validation, test = (
        tuple(pair for pair, number in zip(pairs, numbers, strict=True) if number == part)
        for part in range(len(PARTS))
    )
    return Split(train, validation, test)


def names_digest(pairs: Sequence[Pair]) -> str:
    """Hash the sorted names, a line each, by SHA-256: the same for the same photos."""
    lines = "\n".join(sorted(pair.name for pair in pairs))
    return sha256(lines.encode(errors="surrogateescape")).hexdigest()


def position(name: str, seed: int) -> float:
    """Spread names evenly over [0, 1): the first 48 bits of SHA-256 of "SEED NAME"."""
    digest = sha256(f"{seed} {name}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6]) / 2**48
