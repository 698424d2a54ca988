"""Pairs of photos and captions of a place, read, filtered and cleaned.

The filters are those of the Barcelona model of 2018 (Gomez); everything they drop is listed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import PresetError, quote
from dreamvid.training.data.captions import Entry, Source, class_names, read_captions
from dreamvid.training.data.cleaning import clean, stop_words, tokens
from dreamvid.training.data.dropped import Dropped, by_reason
from dreamvid.training.data.duplicates import Hashes
from dreamvid.training.data.folders import Folder
from dreamvid.training.data.photos import inspect_photos

FEWEST_PAIRS = 20  # fewer cannot be split into three parts that mean anything


@dataclass(frozen=True)
class Rules:
    """Filters of photos, captions and words."""

    fewest_words: int = 3  # of a cleaned caption; a class's name may be shorter
    most_per_user: int = 50  # photos, the first; only if the captions name users
    without: tuple[str, ...] = ()  # words or phrases that mark spam, such as other cities' names
    duplicates: bool = True  # drop photos that look like one before them
    stop_words: tuple[str, ...] = ("en", "es", "ca")  # languages
    labels: bool = False  # the name of each folder is the caption of its photos


@dataclass(frozen=True)
class Pair:
    photo: Path
    name: str  # path below the images' folder, with "/": the photo's identity
    caption: str  # as written
    words: tuple[str, ...]  # of the cleaned caption
    user: str = ""  # who posted it


@dataclass(frozen=True)
class Corpus:
    """Pairs of a folder, and everything dropped from it."""

    pairs: tuple[Pair, ...]
    dropped: tuple[Dropped, ...]
    source: str = ""  # where the captions were found
    notes: tuple[str, ...] = ()  # on how they were read, such as an encoding


def read_corpus(
    images: Path,
    captions: Path | None,
    rules: Rules,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Corpus:
    """Read the pairs of a folder of photos; each photo is decoded once, none stays in memory.

    Args:
        captions: as `read_captions` takes them.
        progress: called with the number of photos done and their total.

    Raises PresetError for a folder or file that cannot be used, and if no pair is left.
    """
    folder = Folder(images)
    source = _source(folder, captions, rules)
    candidates, unfit = _partition(_candidates(folder, source, rules))
    pairs, unsound = _partition(_sound(candidates, rules, progress))
    corpus = Corpus(pairs, (*source.dropped, *unfit, *unsound), source.name, source.notes)
    if not pairs:
        problem = f"no pair of {images} is left ({_counts(corpus)})"
        raise PresetError("--images", problem, "a pair is a photo and a caption of some words")
    return corpus


def check_enough(corpus: Corpus) -> None:
    """Raise PresetError for a corpus that is too small to train on."""
    if len(corpus.pairs) < FEWEST_PAIRS:
        problem = f"{len(corpus.pairs)} pairs are too few to train on ({_counts(corpus)})"
        raise PresetError("--images", problem, f"at least {FEWEST_PAIRS}, thousands for a city")


def _counts(corpus: Corpus) -> str:
    counts = [f"{len(names)} {reason}" for reason, names in by_reason(corpus.dropped).items()]
    return f"dropped: {', '.join(counts) or 'none'}"


def _source(folder: Folder, captions: Path | None, rules: Rules) -> Source:
    if not rules.labels:
        return read_captions(folder, captions)
    if captions:
        problem = f"{captions} is not read where folders' names are the captions"
        raise PresetError("--captions", problem, "leave out --captions or --text labels")
    return class_names(folder)


def _candidates(folder: Folder, source: Source, rules: Rules) -> Iterator[Pair | Dropped]:
    """Filter the entries by everything that needs no photo opened."""
    ignored, spam = stop_words(rules.stop_words), _phrases(rules.without)
    posted: Counter[str] = Counter()
    named: set[str] = set()
    unusable: set[str] = set()
    for entry in source.entries:
        name = folder.inside(entry.photo) if entry.photo else ""
        if not name or name in named or not folder.has(name):
            unusable.add(name or "")
            yield _unusable(entry, name, named)
            continue
        named.add(name)
        raw = tokens(entry.caption)
        words = ("_".join(raw),) if rules.labels and raw else clean(raw, ignored)
        padded = _padded(raw)
        if not entry.caption:
            yield Dropped(name, "no caption", entry.place)
        elif marks := [phrase.strip() for phrase in spam if phrase in padded]:
            yield Dropped(name, "spam word", marks[0])
        elif len(words) < (1 if rules.labels else rules.fewest_words):
            yield Dropped(name, "short caption", entry.caption)
        elif entry.user and posted[entry.user] >= rules.most_per_user:
            yield Dropped(name, "many of one user", entry.user)
        else:
            posted[entry.user] += 1
            yield Pair(folder.path / name, name, entry.caption, words, entry.user)
    for name in folder.photos:
        if name not in named and name not in unusable:
            yield Dropped(name, "no caption", f"not in {source.name}")


def _unusable(entry: Entry, name: str | None, named: set[str]) -> Dropped:
    if name is None:
        return Dropped(entry.place, "outside the folder", entry.photo)
    if name in named:
        return Dropped(name, "listed twice", entry.place)
    return Dropped(name or entry.place, "missing", entry.place if name else "it names no photo")


def _phrases(without: Sequence[str]) -> list[str]:
    phrases = [_padded(tokens(text)) for text in without]
    for text, phrase in zip(without, phrases, strict=True):
        if not phrase.strip():
            raise PresetError(
                "--without", f"{quote(text)} is not a word", "such as --without london"
            )
    return phrases


def _padded(words: Sequence[str]) -> str:
    """Join words into a text in which a phrase of whole words can be looked for."""
    return f" {' '.join(words)} "


def _sound(
    pairs: Sequence[Pair], rules: Rules, progress: Callable[[int, int], None]
) -> Iterator[Pair | Dropped]:
    """Filter the pairs by their photos: these can be decoded and look like none before them."""
    hashes = Hashes()
    photos = inspect_photos([pair.photo for pair in pairs])
    for done, (pair, photo) in enumerate(zip(pairs, photos, strict=True), 1):
        if photo.reason:
            yield Dropped(pair.name, photo.reason, photo.detail)
        elif rules.duplicates and (first := hashes.like(photo.hash)):
            yield Dropped(pair.name, "duplicate", first)
        else:
            hashes.add(photo.hash, pair.name)
            yield pair
        progress(done, len(pairs))


def _partition(items: Iterable[Pair | Dropped]) -> tuple[tuple[Pair, ...], tuple[Dropped, ...]]:
    every = tuple(items)
    pairs = tuple(item for item in every if isinstance(item, Pair))
    return pairs, tuple(item for item in every if isinstance(item, Dropped))
