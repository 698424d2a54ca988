"""Maintainers' program that makes `nouns.txt` of WordNet 3.0; README beside it has the command."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dreamvid.models.nouns.table import FILE, Noun, format_noun, singular

MOST_BELOW = 120  # classes; what a more general hypernym covers has little of the noun


@dataclass(frozen=True)
class Synset:
    """WordNet's set of nouns of one meaning."""

    nouns: tuple[str, ...]
    hypernyms: tuple[str, ...]  # offsets


@dataclass(frozen=True)
class WordNet:
    """WordNet's nouns (the format: `man 5 wndb`)."""

    synsets: dict[str, Synset]  # by offset, which is an ImageNet class's number after its n
    senses: dict[str, list[str]]  # offsets of a noun in lower case, the most frequent first
    plurals: dict[str, list[str]]  # irregular ones of a noun


def read_wordnet(folder: Path) -> WordNet:
    """Read `data.noun`, `index.noun` and `noun.exc`."""
    synsets, senses, plurals = {}, {}, defaultdict(list)
    for fields in _records(folder / "data.noun"):
        words = 4 + 2 * int(fields[3], 16)
        pointers = fields[words + 1 : words + 1 + 4 * int(fields[words])]
        kinds, offsets = pointers[::4], pointers[1::4]
        up = (to for kind, to in zip(kinds, offsets, strict=True) if kind in ("@", "@i"))
        nouns = (word.replace("_", " ") for word in fields[4:words:2])
        synsets[fields[0]] = Synset(tuple(nouns), tuple(up))
    for fields in _records(folder / "index.noun"):
        senses[fields[0].replace("_", " ")] = fields[-int(fields[2]) :]
    for plural, *nouns in _records(folder / "noun.exc"):
        for noun in nouns:
            plurals[noun].append(plural)
    return WordNet(synsets, senses, plurals)


def _records(path: Path) -> Iterator[list[str]]:
    """Yield the fields of each line, without the licence at the top and the glosses."""
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("  "):
            yield line.split(" | ")[0].split()


def make_nouns(wordnet: WordNet, offsets: Sequence[str], labels: Sequence[str]) -> list[Noun]:
    """Make the table's rows: the classes in order, then all that has some below it.

    Args:
        offsets: synset of each class.
        labels: name of each class, which has precedence over WordNet's nouns.
    """
    covered = _covered(wordnet, offsets)
    rank = _ranks(wordnet, covered, offsets, labels)
    hyponyms = _nouns_below(wordnet, covered)
    others = [offset for offset in covered if offset not in offsets]
    # One that covers all classes would leave nothing to prefer.
    others = [offset for offset in others if len(covered[offset]) < len(offsets)]
    others.sort(key=lambda offset: (-len(covered[offset]), offset))
    rows = []
    for offset in [*offsets, *others]:
        nouns = wordnet.synsets[offset].nouns
        if offset in offsets:
            label = labels[offsets.index(offset)]
            nouns = (label, *(noun for noun in nouns if noun.lower() != label.lower()))
        best = [rank.get(noun.lower(), offset) == offset for noun in nouns]
        own = [noun for noun, is_best in zip(nouns, best, strict=True) if is_best]
        irregular = [one for noun in own for one in _irregular(wordnet, noun)]
        rows.append(
            Noun(
                (*nouns, *irregular),
                frozenset(noun for noun in nouns if noun not in own),
                tuple(sorted(covered[offset])),
                tuple(sorted(hyponyms[offset])),
            )
        )
    return rows


def _covered(wordnet: WordNet, offsets: Sequence[str]) -> dict[str, set[int]]:
    """Find the classes below each synset."""
    covered = defaultdict[str, set[int]](set)
    for number, offset in enumerate(offsets):
        above = [offset]
        while above:
            one = above.pop()
            covered[one].add(number)
            above += wordnet.synsets[one].hypernyms
    return dict(covered)


def _ranks(
    wordnet: WordNet, covered: dict[str, set[int]], offsets: Sequence[str], labels: Sequence[str]
) -> dict[str, str]:
    """Choose the meaning of each noun: a class's label, most classes, the most frequent."""
    best: dict[str, str] = {}
    for noun, senses in wordnet.senses.items():
        known = [offset for offset in senses if offset in covered]
        if known:  # max is the first of equals
            best[noun] = max(known, key=lambda offset: len(covered[offset]))
    return best | {label.lower(): one for label, one in zip(labels, offsets, strict=True)}


def _nouns_below(wordnet: WordNet, covered: dict[str, set[int]]) -> dict[str, list[str]]:
    """List nouns without a class of their own at the hypernym of their most frequent sense."""
    below = defaultdict[str, list[str]](list)
    for noun, senses in wordnet.senses.items():
        if any(offset in covered for offset in senses) or not noun[0].isalpha():
            continue
        hypernyms = wordnet.synsets[senses[0]].hypernyms
        near = [one for one in hypernyms if len(covered.get(one, ())) in range(1, MOST_BELOW)]
        if near:
            below[near[0]].append(noun)
    return below


def _irregular(wordnet: WordNet, noun: str) -> list[str]:
    """List plurals that no rule leads to the noun, and that are no nouns themselves."""
    plurals = wordnet.plurals.get(noun.lower(), [])
    return [one for one in plurals if one not in wordnet.senses and noun not in singular(one)]


def main(folder: Path, classes: Path) -> None:
    """Write the table of a WordNet folder, and a JSON of the synset of each class number."""
    from torchvision.models import ResNet50_Weights

    labels: list[str] = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    synsets: dict[str, str] = json.loads(classes.read_text("utf-8"))
    offsets = [synsets[str(number)].removeprefix("n") for number in range(len(labels))]
    rows = make_nouns(read_wordnet(folder), offsets, labels)
    FILE.write_text("".join(f"{format_noun(row)}\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
