"""Captions of photos, from a table, from JSON, or from a file beside each photo."""

import os
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import PresetError, quote
from dreamvid.training.data.dropped import Dropped
from dreamvid.training.data.encoding import read_text
from dreamvid.training.data.folders import Folder
from dreamvid.training.data.instagram import CAPTION, PHOTO, caption_of, photo_of, user_of
from dreamvid.training.data.records import read_records

SUFFIXES = (".json", ".json.xz", ".txt")  # of files beside photos; .json names the user too
NUMBERED = re.compile(r"_\d{1,2}$")  # instaloader's photos of one post: DATE_UTC_1.jpg
EXPECTED = f"wanted: one of {', '.join(PHOTO)}, and one of {', '.join(CAPTION)}"


@dataclass(frozen=True)
class Entry:
    """A photo and its caption as they were written, not checked yet."""

    photo: str
    caption: str
    user: str
    place: str  # it was read from or looked for, such as "captions.csv line 12"


@dataclass(frozen=True)
class Source:
    """Entries with a description of where they come from."""

    name: str
    entries: tuple[Entry, ...]
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()


def read_captions(folder: Folder, path: Path | None) -> Source:
    """Read the captions of a folder's photos.

    Args:
        path: a file, recognised by its content; or a folder with a .txt or .json for each photo;
            None: the files beside the photos.

    Raises PresetError naming --captions if there are none.
    """
    if path is None or os.path.isdir(path):
        return _beside(folder, path or folder.path)
    if os.path.isfile(path):
        return _from_file(folder, path)
    problem = "is neither file nor folder" if os.path.exists(path) else "does not exist"
    raise PresetError("--captions", f"{path} {problem}", "give a CSV or JSON file")


def class_names(folder: Folder) -> Source:
    """Caption each photo with its topmost folder's name; raises PresetError if none has one."""
    parts = [(name, *name.partition("/")) for name in folder.photos]
    entries = [Entry(name, top if rest else "", "", name) for name, top, _, rest in parts]
    count = len({entry.caption for entry in entries} - {""})
    if not count:
        cure = "make one for each label, and put its photos into it"
        raise PresetError("--images", f"{folder.path} holds no folders of photos", cure)
    return Source(f"the names of {count} folders", tuple(entries))


def _from_file(folder: Folder, path: Path) -> Source:
    text, odd_lines = read_text(path)
    entries: list[Entry] = []
    dropped: list[Dropped] = []
    names: dict[str, None] = {}
    for where, record in read_records(text):
        place = f"{path.name} {where}"
        if isinstance(record, str):
            dropped.append(Dropped(place, "damaged line", record))
            continue
        names.update(dict.fromkeys(record))
        photo = photo_of(record, folder.by_stem)
        entries.append(Entry(photo, caption_of(record), user_of(record), place))
    if not any(entry.photo and entry.caption for entry in entries):
        raise PresetError("--captions", f"{path} {_problem(list(names), dropped)}", EXPECTED)
    return Source(path.name, tuple(entries), tuple(dropped), _notes(odd_lines, path))


def _problem(names: list[str], dropped: list[Dropped]) -> str:
    if not names:
        first = f"; {dropped[0].name}: {dropped[0].detail}" if dropped else ""
        return f"holds no captions{first}"
    return f"has no photos with captions under its headings {quote(', '.join(names))}"


def _beside(folder: Folder, root: Path) -> Source:
    results = [_entry(root, name) for name in folder.photos]
    if not any(entry.caption for entry, _, _ in results):
        raise PresetError("--captions", f"no captions lie beside the photos of {root}", _hint(root))
    kinds = Counter(kind for entry, kind, _ in results if entry.caption)
    name = "beside the photos: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    odd_lines = sum(odd for _, _, odd in results)
    return Source(name, tuple(entry for entry, _, _ in results), (), _notes(odd_lines, root))


def _entry(root: Path, name: str) -> tuple[Entry, str, int]:
    """Return a photo's entry, its file's suffix, and the number of lines that are not UTF-8."""
    whole = str(root / name)
    stem = whole.removesuffix(Path(name).suffix)
    place = "nothing beside it"
    for base in dict.fromkeys((stem, whole, NUMBERED.sub("", stem))):
        for suffix in SUFFIXES:
            if not os.path.isfile(file := base + suffix):
                continue
            place = os.path.basename(file)
            with suppress(PresetError):  # one damaged file costs one photo
                text, odd = read_text(Path(file))
                caption, user = (text.strip(), "") if suffix == ".txt" else _post(text)
                if caption:
                    return Entry(name, caption, user, place), suffix, odd
    return Entry(name, "", "", place), "", 0


def _post(text: str) -> tuple[str, str]:
    """Read the caption and the user from a file that holds one post."""
    records = (record for _, record in read_records(text) if not isinstance(record, str))
    record = next(records, {})
    return caption_of(record), user_of(record)


def _hint(root: Path) -> str:
    tables = sorted(p for p in root.glob("*.*") if p.suffix in (".csv", ".tsv", ".json", ".jsonl"))
    if tables:
        return f"try --captions {tables[0]}"
    return "a .txt or .json for each; or give --captions; --text labels: a folder for each label"


def _notes(odd_lines: int, path: Path) -> tuple[str, ...]:
    if not odd_lines:
        return ()
    return (f"lines of {path} that are not UTF-8, read as Windows-1252: {odd_lines}",)
