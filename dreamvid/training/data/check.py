"""What a corpus holds, before hours are spent on it: counts, words, a sheet to look at."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median
from textwrap import shorten
from typing import Any

from dreamvid.image import OtherSizeImage
from dreamvid.media.images.sheet import Layout, columns_for, draw_sheet
from dreamvid.media.images.writing import save
from dreamvid.system.files import write_text
from dreamvid.training.data.dropped import Dropped, by_reason
from dreamvid.training.data.pairs import Corpus
from dreamvid.training.data.photos import thumbnail
from dreamvid.training.data.split import Split

MOST_USED = 20  # words
NAMED = 3  # of each reason, the first
SHOWN = 24  # photos of the sheet
THUMBNAIL = (200, 150)  # width and height in pixels
LETTERS = 36  # under a photo
LONGEST_NAME = 60  # letters, on the terminal


@dataclass(frozen=True)
class Drops:
    """How many were dropped for a reason, and the names of the first."""

    count: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class DataReport:
    source: str
    notes: tuple[str, ...]
    found: int
    kept: int
    dropped: dict[str, Drops]
    caption_words: tuple[int, float, int]
    """Of a caption, once cleaned: the fewest, the median, the most."""
    vocabulary: int
    """Different words."""
    once: int
    """Words that only one caption has."""
    most_used: tuple[tuple[str, int], ...]
    """Words with the number of captions that have them."""
    users: int
    """0: the captions name none."""
    train: int
    stopping: int
    test: int

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def report(corpus: Corpus, split: Split) -> DataReport:
    lengths = [len(pair.words) for pair in corpus.pairs]
    used = Counter(word for pair in corpus.pairs for word in set(pair.words))
    ordered = sorted(used.items(), key=lambda each: (-each[1], each[0]))
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
        vocabulary=len(used),
        once=sum(count == 1 for count in used.values()),
        most_used=tuple(ordered[:MOST_USED]),
        users=len({pair.user for pair in corpus.pairs} - {""}),
        train=len(split.train),
        stopping=len(split.stopping),
        test=len(split.test),
    )


def lines(found: DataReport) -> list[tuple[str, str]]:
    """The report as rows of a table: what, and how much."""
    fewest, middle, most = found.caption_words
    rows = [("captions", found.source), *(("note", note) for note in found.notes)]
    rows += [("found", str(found.found)), ("kept", str(found.kept))]
    rows += [(f"dropped: {reason}", _named(drops)) for reason, drops in found.dropped.items()]
    rows += [
        ("words of a caption", f"{fewest} to {most}, half have {middle:g} or fewer"),
        ("different words", f"{found.vocabulary}, {found.once} in one caption only"),
        ("most used", ", ".join(f"{word} {count}" for word, count in found.most_used)),
    ]
    if found.users:
        rows.append(("users", str(found.users)))
    parts = f"{found.train} to train, {found.stopping} to know when to stop, {found.test} to test"
    return [*rows, ("split", parts)]


def _named(drops: Drops) -> str:
    first = [
        name if len(name) <= LONGEST_NAME else f"...{name[-LONGEST_NAME:]}" for name in drops.first
    ]
    more = ", ..." if drops.count > len(first) else ""
    return f"{drops.count}: {', '.join(first)}{more}"


def write_check(corpus: Corpus, split: Split, out: Path, seed: int) -> list[Path]:
    """Write into a folder what there is to look at, and give the files; raises OutputError.

    check.png has photos with their cleaned words, picked by the seed; duplicates.png, where
    there are any, photos that were dropped, each beside the one it looks like; dropped.csv
    names all that was dropped, and why.
    """
    files = [out / "check.png", out / "dropped.csv"]
    save(_sheet(corpus, split, seed), files[0])
    write_dropped(corpus.dropped, files[1])
    if twins := [drop for drop in corpus.dropped if drop.reason == "duplicate"]:
        files.append(out / "duplicates.png")
        save(_twins(corpus, twins), files[-1])
    return files


def write_dropped(dropped: Sequence[Dropped], path: Path) -> None:
    """As a table; raises OutputError."""
    write_text(path, _table(dropped))


def _sheet(corpus: Corpus, split: Split, seed: int) -> OtherSizeImage:
    pairs = Random(seed).sample(corpus.pairs, min(SHOWN, len(corpus.pairs)))
    parts = f"{len(split.train)} to train, {len(split.stopping)} + {len(split.test)} to evaluate"
    title = f"{len(pairs)} of {len(corpus.pairs)} pairs: {parts}"
    labels = [shorten(" ".join(pair.words), LETTERS, placeholder=" ...") for pair in pairs]
    return _drawn([pair.photo for pair in pairs], labels, title, together=1)


def _twins(corpus: Corpus, twins: Sequence[Dropped]) -> OtherSizeImage:
    """Photos that look like others, each after the one it looks like, which its detail names."""
    root = _root(corpus)
    names = [name for drop in twins[: SHOWN // 2] for name in (drop.detail, drop.name)]
    title = f"{len(twins)} photos dropped, each right of the one it looks like"
    return _drawn([root / name for name in names], [*map(_text, names)], title, together=2)


def _root(corpus: Corpus) -> Path:
    """The images' folder."""
    pair = corpus.pairs[0]
    return pair.photo.parents[pair.name.count("/")]


def _drawn(
    photos: Sequence[Path], labels: Sequence[str], title: str, together: int
) -> OtherSizeImage:
    layout = Layout(len(photos), columns_for(len(photos), together), *THUMBNAIL)
    return draw_sheet([thumbnail(path, THUMBNAIL) for path in photos], labels, layout, title)


def _table(dropped: Sequence[Dropped]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("name", "reason", "detail"))
    rows.writerows((drop.name, drop.reason, drop.detail) for drop in dropped)
    return _text(text.getvalue())


def _text(name: str) -> str:
    """Also of a file's name that is no text: a byte that is no letter is written as \\udcff."""
    return name.encode(errors="backslashreplace").decode()
