"""A report on a corpus to read before training on it: counts, words, a sheet of photos."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from textwrap import shorten

from dreamvid.image import OtherSizeImage
from dreamvid.media.images.sheet import Layout, columns_for, draw_sheet
from dreamvid.media.images.writing import save
from dreamvid.system.files import write_text
from dreamvid.training.data.dropped import Dropped, by_reason
from dreamvid.training.data.pairs import Corpus
from dreamvid.training.data.photos import thumbnail
from dreamvid.training.data.split import Split

MOST_USED = 20  # words
NAMED = 3  # names listed for each reason
SHOWN = 24  # photos on the sheet
THUMBNAIL = (200, 150)  # width and height in pixels
LETTERS = 36  # of the label under a photo
LONGEST_NAME = 60  # letters, on the terminal


@dataclass(frozen=True)
class Drops:
    """Number of photos dropped for a reason, and the first of their names."""

    count: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class DataReport:
    """Counts of a corpus and its split; the fields' names are keys of the JSON."""

    source: str
    notes: tuple[str, ...]
    found: int
    kept: int
    dropped: dict[str, Drops]
    caption_words: tuple[int, float, int]  # in a cleaned caption: fewest, median, most
    vocabulary: int  # different words
    once: int  # words that only one caption has
    most_used: tuple[tuple[str, int], ...]  # words with their number of captions
    users: int  # 0: the captions name none
    train: int
    stopping: int
    test: int


def report(corpus: Corpus, split: Split) -> DataReport:
    """Count what a corpus holds."""
    lengths = [len(pair.words) for pair in corpus.pairs]
    counts = Counter(word for pair in corpus.pairs for word in set(pair.words))
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return DataReport(
        source=corpus.source,
        notes=corpus.notes,
        found=len(corpus.pairs) + len(corpus.dropped),
        kept=len(corpus.pairs),
        dropped={
            reason: Drops(len(names), tuple(names[:NAMED]))
            for reason, names in by_reason(corpus.dropped).items()
        },
        caption_words=(min(lengths), median(lengths), max(lengths)),
        vocabulary=len(counts),
        once=sum(count == 1 for count in counts.values()),
        most_used=tuple(ordered[:MOST_USED]),
        users=len({pair.user for pair in corpus.pairs} - {""}),
        train=len(split.train),
        stopping=len(split.validation),
        test=len(split.test),
    )


def lines(data: DataReport) -> list[tuple[str, str]]:
    """Format a report as rows of a table: what, and how much."""
    fewest, middle, most = data.caption_words
    rows = [("captions", data.source), *(("note", note) for note in data.notes)]
    rows += [("found", str(data.found)), ("kept", str(data.kept))]
    rows += [(f"dropped: {reason}", _named(drops)) for reason, drops in data.dropped.items()]
    rows += [
        ("words of a caption", f"{fewest} to {most}, half have {middle:g} or fewer"),
        ("different words", f"{data.vocabulary}, {data.once} in one caption only"),
        ("most used", ", ".join(f"{word} {count}" for word, count in data.most_used)),
    ]
    if data.users:
        rows.append(("users", str(data.users)))
    parts = f"{data.train} to train, {data.stopping} to know when to stop, {data.test} to test"
    return [*rows, ("split", parts)]


def _named(drops: Drops) -> str:
    first = [
        name if len(name) <= LONGEST_NAME else f"...{name[-LONGEST_NAME:]}" for name in drops.first
    ]
    more = ", ..." if drops.count > len(first) else ""
    return f"{drops.count}: {', '.join(first)}{more}"


def write_check(corpus: Corpus, split: Split, out: Path, seed: int) -> list[Path]:
    """Write a sheet of photos with their words, one of duplicates, and a table of what was dropped.

    Returns the files; raises OutputError.
    """
    files = [out / "check.png", out / "dropped.csv"]
    save(_sheet(corpus, split, seed), files[0])
    write_dropped(corpus.dropped, files[1])
    if twins := [drop for drop in corpus.dropped if drop.reason == "duplicate"]:
        files.append(out / "duplicates.png")
        save(_twins(corpus, twins), files[-1])
    return files


def write_dropped(dropped: Sequence[Dropped], path: Path) -> None:
    """Write a CSV table of what was dropped; raises OutputError."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("name", "reason", "detail"))
    rows.writerows((drop.name, drop.reason, drop.detail) for drop in dropped)
    write_text(path, _text(text.getvalue()))


def _sheet(corpus: Corpus, split: Split, seed: int) -> OtherSizeImage:
    pairs = Random(seed).sample(corpus.pairs, min(SHOWN, len(corpus.pairs)))
    parts = f"{len(split.train)} to train, {len(split.validation)} + {len(split.test)} to evaluate"
    title = f"{len(pairs)} of {len(corpus.pairs)} pairs: {parts}"
    labels = [shorten(" ".join(pair.words), LETTERS, placeholder=" ...") for pair in pairs]
    return _draw([pair.photo for pair in pairs], labels, title, together=1)


def _twins(corpus: Corpus, twins: Sequence[Dropped]) -> OtherSizeImage:
    """Draw dropped photos, each after the one it looks like, which its detail names."""
    pair = corpus.pairs[0]
    root = pair.photo.parents[pair.name.count("/")]  # the images' folder
    names = [name for drop in twins[: SHOWN // 2] for name in (drop.detail, drop.name)]
    title = f"{len(twins)} photos dropped, each right of the one it looks like"
    return _draw([root / name for name in names], [*map(_text, names)], title, together=2)


def _draw(
    photos: Sequence[Path], labels: Sequence[str], title: str, together: int
) -> OtherSizeImage:
    layout = Layout(len(photos), columns_for(len(photos), together), *THUMBNAIL)
    return draw_sheet([thumbnail(path, THUMBNAIL) for path in photos], labels, layout, title)


def _text(name: str) -> str:
    """Escape bytes of a file's name that are not UTF-8, as \\udcff."""
    return name.encode(errors="backslashreplace").decode()
