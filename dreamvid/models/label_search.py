"""Search of what `dream.classes` takes: labels, groups and WordNet's nouns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from dreamvid.models.labels import GROUPS, Kind, find_meaning, imagenet
from dreamvid.models.nouns.table import Noun, nouns, singular
from dreamvid.system.text import ranked

USEFUL: Sequence[str] = [
    *("animal", "bird", "dog", "cat", "bear", "monkey", "elephant", "fish", "shark", "reptile"),
    *("snake", "lizard", "frog", "turtle", "insect", "butterfly", "spider", "crustacean"),
    *("flower", "fruit", "vegetable", "mushroom", "bread", "dish"),
    *("building", "house", "shop", "place of worship", "bridge", "tower", "door", "structure"),
    *("geological formation", "vehicle", "car", "bus", "train", "boat", "ship", "aircraft"),
    *("musical instrument", "furniture", "clothing", "headdress", "clock", "lamp", "ball"),
    "weapon",
]
"""Nouns for people to begin with; each covers a few classes to hundreds."""


@dataclass(frozen=True)
class Entry:
    """A name, and the classes that it stands for."""

    name: str
    kind: Kind
    classes: tuple[int, ...]
    of: str = ""  # hypernym of a noun without classes of its own
    also: tuple[str, ...] = ()  # other names of the same


def search(query: str, labels: Sequence[str]) -> list[Entry]:
    """Find names that hold a text, or else are a few letters away, the nearest first.

    Args:
        labels: of the network's classes.
    """
    pool = _pool(tuple(labels))
    text = query.replace("_", " ").strip().lower()
    if text not in pool:
        text = next((one for one in singular(text) if one in pool), text)
    found: dict[tuple[str, tuple[str, ...]], Entry] = {}
    for name in ranked(text, [*pool]):
        for entry in pool[name]:
            # A meaning has several names; the one that was found best stays.
            found.setdefault((entry.kind, tuple(sorted((entry.name, *entry.also)))), entry)
    # Names that mean just this first, and last what is only taken as something more general.
    return sorted(
        found.values(), key=lambda one: (one.name.lower() != text, one.kind == "hypernym")
    )


@cache
def _pool(labels: tuple[str, ...]) -> dict[str, list[Entry]]:
    """Map all names of a network's labels, in lower case, to what they stand for."""
    pool: dict[str, list[Entry]] = {}
    for name, entry in _entries({label: number for number, label in enumerate(labels)}):
        pool.setdefault(name.lower(), []).append(entry)
    return pool


def useful(labels: Sequence[str]) -> list[Entry]:
    """List the groups, and nouns for people to begin with."""
    meanings = {name: find_meaning(name, labels) for name in [*GROUPS, *USEFUL]}
    # A network of other classes has none of some.
    return [Entry(name, one.kind, one.classes) for name, one in meanings.items() if one]


def _entries(numbers: dict[str, int]) -> Iterator[tuple[str, Entry]]:
    """Yield names to search by, each with its entry."""
    for group, names in GROUPS.items():
        if classes := _known(names.split(", "), numbers):
            yield group, Entry(group, "group", classes)
    for label in sorted(numbers.keys() - {*imagenet()}):
        yield label, Entry(label, "label", (numbers[label],))
    for row, noun in enumerate(nouns()):
        if classes := _known([imagenet()[number] for number in noun.classes], numbers):
            yield from _named(noun, "label" if row < len(imagenet()) else "noun", classes)


def _named(noun: Noun, kind: Kind, classes: tuple[int, ...]) -> Iterator[tuple[str, Entry]]:
    """Yield a meaning by each of its names; by one that means another it is shown as its first."""
    own = [name for name in noun.names if name not in noun.elsewhere]
    for name in noun.names if own else ():
        shown = name if name in own and kind == "noun" else own[0]
        also = tuple(one for one in noun.names if one != shown)
        yield name, Entry(shown, kind, classes, also=also)
    for name in noun.below:
        yield name, Entry(name, "hypernym", classes, of=noun.name)


def _known(names: Sequence[str], numbers: dict[str, int]) -> tuple[int, ...]:
    return tuple(numbers[name] for name in names if name in numbers)
