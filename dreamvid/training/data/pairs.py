"""Photos and captions of a place, read from what people have, filtered and cleaned.

The filters are those of the Barcelona model of 2018 (Gomez); whatever they take away is listed.
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
from dreamvid.training.data.photos import look_at

FEWEST_PAIRS = 20  # fewer cannot be split into three parts that mean anything


@dataclass(frozen=True)
class Rules:
    """Which photos and captions are kept, and which words of a caption."""

    fewest_words: int = 3
    """Of a caption, once cleaned; a class's name may be shorter."""
    most_per_user: int = 50
    """Photos kept of one user, the first; where the captions name users."""
    without: tuple[str, ...] = ()
    """Words or phrases that mark spam, such as other cities' names: such captions are dropped."""
    duplicates: bool = True
    """Whether photos that look like one before them are dropped."""
    stop_words: tuple[str, ...] = ("en", "es", "ca")
    """Languages whose stop words are dropped."""
    labels: bool = False
    """Whether there is a folder for each class below the images, its name the caption."""


@dataclass(frozen=True)
class Pair:
    photo: Path
    name: str
    """The photo's path below the images' folder, with "/": its identity."""
    caption: str
    """As it was written."""
    words: tuple[str, ...]
    """The caption's, cleaned."""
    user: str = ""
    """Who posted it, where that is known."""


@dataclass(frozen=True)
class Corpus:
    pairs: tuple[Pair, ...]
    dropped: tuple[Dropped, ...]
    source: str = ""
    """Where the captions were found, in words."""
    notes: tuple[str, ...] = ()
    """What a person should know of how they were read, such as an encoding."""


def read_corpus(
    images: Path,
    captions: Path | None,
    rules: Rules,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Corpus:
    """The pairs of a folder of photos; every photo is decoded once, and none is kept in memory.

    Args:
        captions: a CSV, JSON or JSON-lines file, or a folder of a .txt or .json for each photo;
            None: the .txt or .json beside each photo.
        progress: told how many photos are done, of how many.

    Raises PresetError for a folder or file that cannot be used, and where nothing is left.
    """
    folder = Folder(images)
    source = _source(folder, captions, rules)
    candidates, unfit = _parted(_candidates(folder, source, rules))
    pairs, unsound = _parted(_sound(candidates, rules, progress))
    corpus = Corpus(pairs, (*source.dropped, *unfit, *unsound), source.name, source.notes)
    if not pairs:
        problem = f"no pair of {images} is left ({_counts(corpus)})"
        raise PresetError("--images", problem, "a pair is a photo and a caption of some words")
    return corpus


def check_enough(corpus: Corpus) -> None:
    """Raises PresetError for a corpus that is too small to train on."""
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
    """The pairs that are sound as far as can be told without opening the photos."""
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
        found = tokens(entry.caption)
        words = ("_".join(found),) if rules.labels and found else clean(found, ignored)
        said = _padded(found)
        if not entry.caption:
            yield Dropped(name, "no caption", entry.place)
        elif marks := [phrase.strip() for phrase in spam if phrase in said]:
            yield Dropped(name, "spam word", marks[0])
        elif len(words) < (1 if rules.labels else rules.fewest_words):
            yield Dropped(name, "short caption", entry.caption)
        elif entry.user and posted[entry.user] >= rules.most_per_user:
            yield Dropped(name, "many of one user", entry.user)
        else:
            posted[entry.user] += 1
            yield Pair(folder.path / name, name, entry.caption, words, entry.user)
    for name in folder.photos:
        if name not in named | unusable:
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
            raise PresetError("--without", f"{quote(text)} is no word", "such as --without london")
    return phrases


def _padded(words: Sequence[str]) -> str:
    """As one text in which a phrase of whole words can be looked for."""
    return f" {' '.join(words)} "


def _sound(
    pairs: Sequence[Pair], rules: Rules, progress: Callable[[int, int], None]
) -> Iterator[Pair | Dropped]:
    """The pairs whose photos can be decoded and look like none before them."""
    hashes = Hashes()
    looks = look_at([pair.photo for pair in pairs])
    for done, (pair, look) in enumerate(zip(pairs, looks, strict=True), 1):
        if look.reason:
            yield Dropped(pair.name, look.reason, look.detail)
        elif rules.duplicates and (first := hashes.like(look.hash)):
            yield Dropped(pair.name, "duplicate", first)
        else:
            hashes.add(look.hash, pair.name)
            yield pair
        progress(done, len(pairs))


def _parted(found: Iterable[Pair | Dropped]) -> tuple[tuple[Pair, ...], tuple[Dropped, ...]]:
    pairs: list[Pair] = []
    dropped: list[Dropped] = []
    for each in found:
        if isinstance(each, Pair):
            pairs.append(each)
        else:
            dropped.append(each)
    return tuple(pairs), tuple(dropped)
