"""Table of WordNet's nouns that cover classes of ImageNet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

FILE = Path(__file__).with_name("nouns.txt")
IMAGENET = 1000  # classes; the table's first rows, in order
PLURALS = (
    ("s", ""),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
"""Endings of plurals and of their singulars (WordNet's rules, `man 7 morphy`)."""


@dataclass(frozen=True)
class Noun:
    """A meaning, the nouns for it, and the classes below it."""

    names: tuple[str, ...]
    elsewhere: frozenset[str]  # names that mean another row of more classes, or a label
    classes: tuple[int, ...]
    below: tuple[str, ...] = ()  # nouns without classes of their own, in lower case

    @property
    def name(self) -> str:
        """The first name that means this row, if there is one."""
        return next((name for name in self.names if name not in self.elsewhere), self.names[0])


def format_noun(noun: Noun) -> str:
    """Format a row: classes, names, nouns below; names that mean another row in brackets."""
    names = (f"({name})" if name in noun.elsewhere else name for name in noun.names)
    return "\t".join((_format_classes(noun.classes), "|".join(names), "|".join(noun.below)))


def parse_noun(line: str) -> Noun:
    """Parse a row as `format_noun` writes it."""
    classes, names, below = line.split("\t")
    given = names.split("|")
    plain = tuple(name[1:-1] if name.startswith("(") else name for name in given)
    elsewhere = frozenset(name[1:-1] for name in given if name.startswith("("))
    return Noun(plain, elsewhere, _parse_classes(classes), tuple(filter(None, below.split("|"))))


@cache
def nouns() -> tuple[Noun, ...]:
    """Read the rows: the 1000 classes in order, then all that has some below it."""
    return tuple(map(parse_noun, FILE.read_text("utf-8").splitlines()))


@cache
def imagenet() -> tuple[str, ...]:
    """Names of ImageNet's 1000 classes in their usual order, as torchvision has them."""
    return tuple(noun.names[0] for noun in nouns()[:IMAGENET])


@cache
def by_name() -> dict[str, Noun]:
    """Map each noun, in lower case, to the meaning that has most classes."""
    return {
        name.lower(): noun
        for noun in reversed(nouns())  # classes come first, and win
        for name in noun.names
        if name not in noun.elsewhere
    }


@cache
def hypernyms() -> dict[str, Noun]:
    """Map each noun without classes of its own to its hypernym that has some."""
    return {name: noun for noun in nouns() for name in noun.below}


def singular(word: str) -> Iterator[str]:
    """Yield what a plural may be the plural of."""
    for ending, instead in PLURALS:
        if word.endswith(ending):
            yield word.removesuffix(ending) + instead


def _format_classes(classes: Sequence[int]) -> str:
    runs = []
    for _, items in groupby(enumerate(classes), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in items]
        runs.append(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}")
    return ",".join(runs)


def _parse_classes(text: str) -> tuple[int, ...]:
    runs = (run.split("-") for run in text.split(","))
    return tuple(number for run in runs for number in range(int(run[0]), int(run[-1]) + 1))
