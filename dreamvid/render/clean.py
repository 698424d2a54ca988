"""What renders, batches and exports keep on the disk beside their films, and taking it away.

find (nothing is changed) -> the user says yes -> remove, each only if nobody is at work in it
"""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from dreamvid.errors import OutputError, ResumeError
from dreamvid.export import export
from dreamvid.render.batch import queue, ticket
from dreamvid.render.outputs import SUFFIXES
from dreamvid.render.work import page_files
from dreamvid.render.work.folder import (
    LENGTH,
    OURS,
    RenderFolder,
    kept_setting,
    lock_if_free,
)

Kind = Literal["render", "watch", "queue", "export"]
State = Literal["finished", "not finished", "running"]

LOCK = "lock"
PAGE = {page_files.FILM, page_files.POSTER, page_files.HTML, page_files.SCRIPT}
PAGE |= {f".{name}.partial" for name in PAGE}
QUEUE = {*queue.STATES, "frames"}
MARKS = (LOCK, queue.MARK, export.MARK)  # what tells whose a folder is goes last
QUIET = 24 * 3600.0  # seconds after which an export that wrote nothing is taken for dead

_EXPORT = re.compile(r"\..+\.[a-z0-9_]{8}")  # as tempfile names it
_RANDOM = re.compile(r"(?=.*[a-z]).*[0-9_].*")  # no word, and no date
_NUMBERED = re.compile(r"\d{6,}\.png")
_TICKET = re.compile(r"\.[\w.=+~-]+\.json\.partial")  # while it is written


@dataclass(frozen=True)
class Leftover:
    """A folder that may be removed; all of its files are ours, or are left where they are."""

    path: Path
    kind: Kind
    bytes: int
    age: float  # seconds since it was last written to; 0 if that is in the future
    state: State
    loses: str  # what removing it takes away


def find(folder: Path) -> list[Leftover]:
    """All that there is below `folder`, by path. Links to folders are not followed.

    Raises OutputError where there is no such folder.
    """
    if not folder.is_dir():
        raise OutputError(f"{folder}: is no folder; give the one that your films are in")
    return sorted(_found(folder), key=lambda found: found.path)


def _found(folder: Path) -> Iterator[Leftover]:
    for place, names, _files in os.walk(folder):
        for name in list(names):
            path = Path(place, name)
            kind = None if path.is_symlink() else _kind(path)
            if kind:
                names.remove(name)
                with suppress(FileNotFoundError):  # its run has just ended, or removed it
                    yield _about(path, kind)


def _kind(path: Path) -> Kind | None:
    """Told by its name and by what is in it."""
    with suppress(OSError):
        inside = {entry.name for entry in os.scandir(path)}
        if path.name == ".render" and inside and any(map(_rendered, inside)):
            return "render"
        if path.name == page_files.FOLDER and {page_files.HTML, page_files.SCRIPT} <= inside:
            return "watch"
        if path.name == ".queue" and (queue.MARK in inside or _is_old_queue(path, inside)):
            return "queue"
        if _EXPORT.fullmatch(path.name) and (export.MARK in inside or _is_old_export(path)):
            return "export"
    return None


def _is_old_queue(path: Path, inside: set[str]) -> bool:
    """One without a mark: there are jobs in it, and nothing beside."""
    files = (file for state in queue.STATES for file in _files(path / state))
    return inside <= QUEUE and any(map(_job, files))


def _is_old_export(path: Path) -> bool:
    """One without a mark: by its name nobody made it, and all of it is ours, down to the last."""
    if not _RANDOM.fullmatch(path.name[-8:]):
        return False
    whole = {file for file in path.rglob("*") if file.is_symlink() or not file.is_dir()}
    return bool(whole) and whole == set(_exported(path))


def _rendered(name: str) -> bool:
    return name == LOCK or OURS.fullmatch(name) is not None


def _about(path: Path, kind: Kind) -> Leftover:
    files = []
    for file in _ours(path, kind):
        with suppress(FileNotFoundError):  # of a run at work
            files.append(file.lstat())
    changed = max((file.st_mtime for file in files), default=path.stat().st_mtime)
    age = max(0.0, time.time() - changed)
    state, loses = _worth(path, kind, age)
    return Leftover(path, kind, sum(file.st_size for file in files), age, state, loses)


def _ours(path: Path, kind: Kind) -> Iterator[Path]:
    """Its files that we have written, and only those."""
    if kind == "queue":
        yield from _queued(path)
    elif kind == "export":
        yield from _exported(path)
    else:
        ours = _rendered if kind == "render" else PAGE.__contains__
        found = (entry for entry in sorted(path.iterdir()) if ours(entry.name))
        yield from (entry for entry in found if entry.is_symlink() or not entry.is_dir())


def _queued(path: Path) -> Iterator[Path]:
    kept = [file for state in queue.STATES for file in _files(path / state)]
    jobs = {file: _job(file) for file in kept}
    # Before the tickets: they tell whose these are.
    yield from (file for file in _files(path / "frames") if file.name in jobs.values())
    yield from (file for file in kept if jobs[file] or _TICKET.fullmatch(file.name))
    yield from (file for file in _files(path) if file.name == queue.MARK)


def _job(file: Path) -> str | None:
    """The name of the job whose ticket it is; None for what is no ticket of ours."""
    with suppress(ResumeError):
        kept = ticket.read(file) if file.suffix == ".json" else None
        return kept.name if kept else None
    return None


def _exported(path: Path) -> Iterator[Path]:
    suffix = Path(path.name[1:-9]).suffix.lower()  # of the film it was for
    works = {f"{work}{suffix}" for work in export.WORKS}
    films = works | {f"silent{suffix}"}
    names = {export.MARK, *films, *(f".{film}.partial" for film in films)}
    yield from (file for file in _files(path) if file.name in names)
    for work in sorted(works):
        yield from (file for file in _files(path / work) if _NUMBERED.fullmatch(file.name))


def _files(folder: Path) -> list[Path]:
    """In it, and neither links nor through one."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [file for file in sorted(folder.iterdir()) if file.is_file() and not file.is_symlink()]


def _worth(path: Path, kind: Kind, age: float) -> tuple[State, str]:
    out = path.parent
    if kind == "export":
        running = age < QUIET  # nothing tells for sure; what is at work writes all the time
        return ("running" if running else "not finished"), "nothing: a killed export's rests"
    if kind == "queue":
        if any(path.glob("claimed/*.json")):
            return "running", "a batch that is at work, or was killed: the same command ends it"
        waits = any(path.glob("todo/*.json"))
        words = "what its jobs came to: the same batch begins anew; films stay"
        return ("not finished" if waits else "finished"), words
    with _locked(out / ".render") as free:
        if not free:
            return "running", "nothing while it runs"
    if kind == "watch":
        return ("finished" if _is_finished(out) else "not finished"), "the page that showed it grow"
    if _is_finished(out):
        return "finished", "it cannot be extended or joined again; its films stay"
    return "not finished", f"{_frames(out)}: it cannot go on, and begins anew"


def _is_finished(out: Path) -> bool:
    """Whether the films are there, and of all that is rendered."""
    try:
        written = (out / "run.json").stat().st_mtime
    except OSError:
        return False
    checkpoint = RenderFolder(out).checkpoint
    newer = checkpoint.exists() and checkpoint.stat().st_mtime > written
    return not newer and any((out / f"forward{suffix}").exists() for suffix in SUFFIXES)


def _frames(out: Path) -> str:
    """How many of a film's frames a folder keeps, as far as it can be told."""
    about: Any = {}
    damaged = (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError)
    with suppress(*damaged), safe_open(RenderFolder(out).checkpoint, "np") as file:
        about = json.loads(file.metadata()["checkpoint"])
    index = about.get("index") if isinstance(about, dict) else None
    done = max(0, index + 1) if isinstance(index, int) else 0
    count = kept_setting(out, LENGTH)
    return f"{done} of {count} frames" if isinstance(count, int) else f"{done} frames"


def remove(found: Leftover) -> bool:
    """Take it away; False if somebody has begun to work in it. Strangers' files stay.

    Raises OutputError.
    """
    if found.state == "running" or found.path.is_symlink():
        return False
    out = found.path.parent
    try:
        if found.kind in ("render", "watch"):
            with _locked(out / ".render") as free:
                if free:
                    _take_away(found)
            return free
        if _about(found.path, found.kind).state == "running":
            return False
        _take_away(found)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be removed: {error.strerror}") from None
    return True


def _take_away(found: Leftover) -> None:
    path = found.path
    files = list(_ours(path, found.kind))
    # First the checkpoint: segments without it count for nothing. Last what tells whose it is.
    files.sort(key=lambda file: (file.name in MARKS, "checkpoint" not in file.name))
    for file in files:
        file.unlink()
    folders = {path / name for name in QUEUE} if found.kind == "queue" else set()
    for folder in (*folders, *{file.parent for file in files} - folders - {path}, path):
        with suppress(OSError):  # somebody has put something there
            folder.rmdir()


@contextmanager
def _locked(work: Path) -> Iterator[bool]:
    """Keep runs out of a render folder meanwhile; gives whether none is at work there."""
    try:
        # Not through a link: opening it would be harmless, but it is not ours.
        handle = os.open(work / LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:  # whoever is at work has one
        yield not (work / LOCK).exists()
        return
    with os.fdopen(handle, "r+") as lock:
        yield lock_if_free(lock)
