"""Find and remove the working files that renders, batches and exports keep beside their films.

find (changes nothing) -> the user confirms -> remove, each folder only if no run is using it
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from dreamvid.errors import OutputError
from dreamvid.export.working_folder import is_killed
from dreamvid.render.leftovers import MARKS, QUEUE_FOLDERS, Kind, files_of, kind_of
from dreamvid.render.outputs import SUFFIXES
from dreamvid.render.work.arrays import ABOUT
from dreamvid.render.work.folder import LENGTH, LOCK, RenderFolder, kept_setting
from dreamvid.system.files import lock_file

State = Literal["finished", "not finished", "running"]

EPOCHS = "epochs"  # entry of a training's key
QUIET = 24 * 3600.0  # seconds without a write after which an export is taken for dead


@dataclass(frozen=True)
class Leftover:
    """A folder of working files."""

    path: Path
    kind: Kind
    bytes: int
    age: float  # seconds since the last write; 0 where that lies in the future
    state: State
    loses: str  # what its removal costs, for the user


def find(folder: Path) -> list[Leftover]:
    """Find all working files below `folder`, sorted by path, without following links.

    Raises OutputError where there is no such folder.
    """
    if not folder.is_dir():
        raise OutputError(f"{folder}: is no folder; give the one that your films are in")
    return sorted(_walk(folder), key=lambda leftover: leftover.path)


def _walk(folder: Path) -> Iterator[Leftover]:
    for parent, names, _files in os.walk(folder):
        for name in list(names):
            path = Path(parent, name)
            kind = None if path.is_symlink() else kind_of(path)
            if kind:
                names.remove(name)
                with suppress(FileNotFoundError):  # removed since, or its run has just ended
                    yield _describe(path, kind)


def _describe(path: Path, kind: Kind) -> Leftover:
    stats = []
    for file in files_of(path, kind):
        with suppress(FileNotFoundError):  # a run is using the folder
            stats.append(file.lstat())
    changed = max((stat.st_mtime for stat in stats), default=path.stat().st_mtime)
    age = max(0.0, time.time() - changed)
    state, loses = _state(path, kind, age)
    return Leftover(path, kind, sum(stat.st_size for stat in stats), age, state, loses)


def _state(path: Path, kind: Kind, age: float) -> tuple[State, str]:
    """Find out whether a folder is in use or finished, and what its removal costs."""
    out = path.parent
    if kind == "export":
        # An export writes all the time; one of an older version or another machine has no name.
        running = age < QUIET and not is_killed(path)
        return ("running" if running else "not finished"), "nothing: a killed export's rests"
    if kind == "queue":
        if any(path.glob("claimed/*.json")):
            return "running", "a batch that is at work, or was killed: the same command ends it"
        waiting = any(path.glob("todo/*.json"))
        loses = "what its jobs came to: the same batch begins anew; films stay"
        return ("not finished" if waiting else "finished"), loses
    with _locked(out / ".render") as free:
        if not free:
            return "running", "nothing while it runs"
    finished = _is_finished(out)
    if kind == "watch":
        return ("finished" if finished else "not finished"), "the page that showed it grow"
    if finished and _is_training(out):
        return "finished", "the same training begins anew; its model stays"
    if finished:
        return "finished", "it cannot be extended or joined again; its films stay"
    return "not finished", f"{_progress(out)}: it cannot go on, and begins anew"


def _is_training(out: Path) -> bool:
    return kept_setting(out, EPOCHS) is not None or (out / ".render" / "seen.json").exists()


def _is_finished(out: Path) -> bool:
    """Check that the films or the trained model are there, and not older than the checkpoint."""
    made: list[Path] = []
    if _is_training(out):
        made = list(out.glob("*.safetensors"))
    elif any((out / f"forward{suffix}").exists() for suffix in SUFFIXES):
        made = [out / "run.json"]
    checkpoint = RenderFolder(out).checkpoint
    with suppress(OSError):
        begun = checkpoint.stat().st_mtime if checkpoint.exists() else 0.0
        return any(path.stat().st_mtime >= begun for path in made)
    return False


def _progress(out: Path) -> str:
    """Say how much a render folder holds, as far as its files tell."""
    if _is_training(out):
        return _share(_kept(out, "position", "epoch"), kept_setting(out, EPOCHS), "epochs")
    return _share(_kept(out, ABOUT, "index") + 1, kept_setting(out, LENGTH), "frames")


def _share(done: int, count: Any, unit: str) -> str:
    done = max(0, done)
    return f"{done} of {count} {unit}" if isinstance(count, int) else f"{done} {unit}"


def _kept(out: Path, table: str, name: str) -> int:
    """Read a number from a table in a checkpoint's metadata; -1 where there is none."""
    about: Any = {}
    damaged = (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError)
    with suppress(*damaged), safe_open(RenderFolder(out).checkpoint, "np") as file:
        about = json.loads(file.metadata()[table])
    number = about.get(name) if isinstance(about, dict) else None
    return number if isinstance(number, int) else -1


def remove(leftover: Leftover) -> bool:
    """Remove a folder's working files, and the folder if nothing else is in it.

    Returns False if a run has begun to use it. Raises OutputError.
    """
    if leftover.state == "running" or leftover.path.is_symlink():
        return False
    try:
        if leftover.kind in ("render", "watch"):
            with _locked(leftover.path.parent / ".render") as free:
                if free:
                    _remove_files(leftover)
            return free
        if _describe(leftover.path, leftover.kind).state == "running":
            return False
        _remove_files(leftover)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be removed: {error.strerror}") from None
    return True


def _remove_files(leftover: Leftover) -> None:
    path = leftover.path
    files = list(files_of(path, leftover.kind))
    # The checkpoint goes first, as segments without it count for nothing; the marks go last.
    files.sort(key=lambda file: (file.name in MARKS, "checkpoint" not in file.name))
    for file in files:
        file.unlink()
    inner = {path / name for name in QUEUE_FOLDERS} if leftover.kind == "queue" else set()
    for folder in (*inner, *{file.parent for file in files} - inner - {path}, path):
        with suppress(OSError):  # a stranger's file is in it
            folder.rmdir()


@contextmanager
def _locked(work: Path) -> Iterator[bool]:
    """Keep runs out of a render folder during the block; gives False where one is using it."""
    try:
        # Neither created nor opened through a link, which would not be ours.
        handle = os.open(work / LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:  # a run that uses the folder has a lock
        yield not (work / LOCK).exists()
        return
    with os.fdopen(handle, "r+") as lock:
        yield lock_file(lock)
