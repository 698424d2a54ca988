"""Names of a network's classes, and names that cover several: groups, and WordNet's nouns."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from dreamvid.errors import quote
from dreamvid.models.nouns.table import Noun, by_name, hypernyms, imagenet, singular
from dreamvid.system.text import ranked

__all__ = ["GROUPS", "Meaning", "classes_of", "find_meaning", "imagenet", "meaning_of"]

logger = logging.getLogger(__name__)

# Classes found in a town, on a table, at a shore: moods, of which WordNet has no noun.
GROUPS: dict[str, str] = {
    "city": "palace, dome, bell cote, church, monastery, castle, mosque, triumphal arch, vault, "
    "fountain, tile roof, obelisk, altar, library, cinema, restaurant, patio, pier, viaduct, "
    "suspension bridge, streetcar, cab, barbershop, bakery, bookshop, toyshop, butcher shop, "
    "beacon, planetarium, gondola, steel arch bridge, stupa, cliff dwelling, street sign, "
    "traffic light, prayer rug, trolleybus",
    "gothic": "monastery, church, castle, altar, vault, bell cote, throne, triumphal arch, "
    "stupa, organ, chime, grille",
    "barcelona": "altar, vault, dome, candle, stupa, palace, triumphal arch, fountain, throne, "
    "honeycomb, prayer rug, vase, brain coral",
    "food": "plate, guacamole, consomme, hot pot, trifle, ice cream, ice lolly, French loaf, "
    "bagel, pretzel, cheeseburger, hotdog, mashed potato, head cabbage, broccoli, cauliflower, "
    "zucchini, cucumber, artichoke, bell pepper, mushroom, Granny Smith, strawberry, orange, "
    "lemon, fig, pineapple, banana, pomegranate, carbonara, chocolate sauce, dough, meat loaf, "
    "pizza, potpie, burrito, red wine, espresso, cup, eggnog",
    "sea": "goldfish, great white shark, jellyfish, sea anemone, brain coral, chambered nautilus, "
    "starfish, sea urchin, anemone fish, lionfish, rock beauty, coral reef, seashore, sandbar, "
    "promontory, breakwater, schooner, yawl, catamaran, lifeboat, loggerhead, conch",
    "creatures": "lion, tiger, leopard, peacock, macaw, toucan, flamingo, African chameleon, "
    "common iguana, Komodo dragon, triceratops, tarantula, monarch, dragonfly, Afghan hound, "
    "Samoyed, red fox, lynx, zebra, African elephant, gorilla, giant panda, "
    "great grey owl, ram, ibex, llama, porcupine, axolotl",
}

Kind = Literal["number", "group", "label", "noun", "hypernym"]
MOST_NEAR = 3  # names that an error suggests


@dataclass(frozen=True)
class Meaning:
    """Classes that a name stands for, and the name they have here."""

    kind: Kind
    name: str  # of a hypernym, where the asked noun has no classes of its own
    classes: tuple[int, ...]


def classes_of(label: str, labels: Sequence[str], count: int) -> list[int]:
    """Numbers of the classes that a label, a group, a noun or a number stands for.

    Notes a noun that stands for its hypernym. Raises ValueError as `meaning_of` does.
    """
    meaning = meaning_of(label, labels, count)
    if meaning.kind == "hypernym":
        some = ", ".join(labels[number] for number in meaning.classes[:4])
        more = ", ..." if len(meaning.classes) > 4 else ""
        logger.warning("%s is no class: taken as %s (%s%s)", label, meaning.name, some, more)
    return list(meaning.classes)


def meaning_of(label: str, labels: Sequence[str], count: int) -> Meaning:
    """Find the meaning of a name: of a group, else a label, else a noun, else their plural.

    A noun of several meanings has the one with most classes. A noun without any stands for its
    hypernym: temple for place of worship.

    Args:
        label: in any case.
        labels: of the network's classes; none if they are not known.
        count: of the network's classes.

    Raises ValueError, which suggests known names.
    """
    if label.isdecimal():
        if len(label) > 9 or int(label) >= count:
            raise ValueError(f"there is no class {label[:20]}; they are 0 to {count - 1}")
        return Meaning("number", label, (int(label),))
    if not labels:
        raise ValueError(f"the names of its classes are not known; give a number, 0 to {count - 1}")
    if meaning := find_meaning(label, labels):
        if len(meaning.classes) == count:
            raise ValueError(f"{label!r} is all of its classes, which leaves nothing to prefer")
        return meaning
    known = {name.lower() for name in labels}
    others = (noun for noun in by_name() if noun not in known)
    near = ranked(label, [*GROUPS, *labels, *others])[:MOST_NEAR]
    cure = f"did you mean {' or '.join(near)}?" if near else "see `dreamvid labels` for some"
    raise ValueError(f"there is no class {quote(label)} ({cure})")


def find_meaning(label: str, labels: Sequence[str]) -> Meaning | None:
    """Find the meaning of a name among labels, as `meaning_of` does; None if there is none."""
    if label in labels and label not in GROUPS:  # ImageNet has a Cardigan, a dog, and a cardigan
        return Meaning("label", label, (list(labels).index(label),))
    numbers = {name.lower(): number for number, name in enumerate(labels)}
    numbers |= {name: number for number, name in enumerate(labels)}
    for kind, name, names in _readings(label, numbers):
        if classes := tuple(numbers[name] for name in names if name in numbers):
            return Meaning(kind, name, classes)
    return None


def _readings(label: str, labels: dict[str, int]) -> Iterator[tuple[Kind, str, Sequence[str]]]:
    """Yield readings of a name, the best first: (kind, name, names of ImageNet's classes)."""
    text = " ".join(label.replace("_", " ").lower().split())
    for word in (text, *singular(text)):
        if word in GROUPS:
            yield "group", word, GROUPS[word].split(", ")
        if word in labels:
            yield "label", word, [word]
        if noun := by_name().get(word):
            yield "noun", word, _labels(noun)
        if noun := hypernyms().get(word):
            yield "hypernym", noun.name, _labels(noun)


def _labels(noun: Noun) -> list[str]:
    return [imagenet()[number] for number in noun.classes]
