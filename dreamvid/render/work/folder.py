"""The render folder: the work in progress of one render, and the key of its film.

OUT/.render/ holds the twin segments, the checkpoint, and the key in state.json. It stays after
the film is finished; `--fresh` empties it.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamvid.errors import BusyError, OutputError, ResumeError, quote
from dreamvid.system.digests import SEAL, sealed, unsealed
from dreamvid.system.files import lock_file, make_folder, write_text

LOCK = "lock"  # the file's name

LENGTH = "video.frames"
"""The entry of a render's key that may grow."""

OURS = re.compile(
    r"(state|state-copy|job|longer)\.json|(before-)?checkpoint\.safetensors"
    r"|[fr]\d{6,}\.(mp4|mov)|lead\d{6,}\.(npy|safetensors)|timings\.jsonl|\.(reverse|probe)\.\w+|\..*\.partial"
)

CACHE = re.compile(r"seen\.(f16|json)")
"""Files of a training that do not depend on its settings, which --fresh keeps."""


@dataclass(frozen=True)
class RenderFolder:
    """Paths in the folder of a render."""

    out: Path
    lock: int | None = None  # inode of the lock file while this run holds it

    @property
    def work(self) -> Path:
        return self.out / ".render"

    @property
    def state(self) -> Path:
        return self.work / "state.json"

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.safetensors"

    @property
    def job(self) -> Path:
        """Path of the last run's job, as `write_provenance` describes it."""
        return self.work / "job.json"

    @property
    def goal(self) -> Path:
        """Path of the extension under way: by how many frames, and to how many."""
        return self.work / "longer.json"

    def gutted(self) -> bool:
        """Check whether the folder was removed during a run: then its beginning is missing."""
        first = any(self.work.glob("f000000.m*"))
        return not (first or self.state.exists() or _copy(self.state).exists())

    def check(self) -> None:
        """Raise OutputError where the folder was moved or removed, or replaced by another."""
        with suppress(OSError):
            if os.stat(self.work / LOCK).st_ino == self.lock:
                return
        problem = f"{self.work} is gone: somebody moved or removed it while it was written"
        raise OutputError(f"{problem}; put it back and the same command goes on, else begins anew")


def kept_setting(out: Path, name: str) -> Any:
    """Read an entry of the key of a render that can be resumed; None where there is none."""
    folder = RenderFolder(out)
    try:
        return _read(folder.state).get(name) if folder.checkpoint.exists() else None
    except ResumeError:
        return None


def write_key(folder: RenderFolder, key: dict[str, Any]) -> None:
    """Write the key, and a copy, as nothing can be resumed without it; raises OutputError."""
    for path in (folder.state, _copy(folder.state)):
        write_text(path, json.dumps(sealed(key), indent=2))


def _copy(state: Path) -> Path:
    return state.with_name("state-copy.json")


@contextmanager
def open_folder(
    out: Path,
    key: dict[str, Any],
    *,
    fresh: bool,
    longer: bool = False,
    shortest: Callable[[], int | None] = lambda: None,
) -> Iterator[RenderFolder]:
    """Create or resume a render folder, and keep other runs out of it during the block.

    Args:
        key: all that the frames depend on; JSON values.
        longer: extend a film with fewer frames than the key has; recorded until it is finished.
        shortest: called for the least frames at which a film with more than the key has may end;
            None: it may not.

    Raises:
        ResumeError: it holds a render with another key, or is in use by another run.
        OutputError: it cannot be written.
    """
    folder = RenderFolder(out)
    try:
        make_folder(folder.work)
        lock = (folder.work / LOCK).open("w")
    except OSError as error:
        raise OutputError(f"--out {out}: cannot be written: {error.strerror}") from None
    with lock:
        if not lock_file(lock):
            raise BusyError(f"{out}: another run is at work here; wait for it or stop it")
        folder = RenderFolder(out, os.fstat(lock.fileno()).st_ino)
        if fresh:
            _empty(folder)
        _remove_partial(folder)
        if folder.checkpoint.exists() and not folder.gutted():
            old = _read(folder.state)
            old = _lengthen(folder, old, key) if longer else old
            _compare(out, _shorten(folder, old, key, shortest), key)
        else:  # another key loses nothing: there are no segments yet
            folder.checkpoint.unlink(missing_ok=True)
            write_key(folder, key)
        yield folder


def _empty(folder: RenderFolder) -> None:
    try:
        folder.checkpoint.unlink(missing_ok=True)  # first, as segments without it count for nothing
        for path in folder.work.iterdir():
            if OURS.fullmatch(path.name):
                path.unlink()
    except OSError as error:
        reason = f"{error.filename}: cannot be removed: {error.strerror}"
        raise OutputError(f"{reason}; choose another --out") from None


def _remove_partial(folder: RenderFolder) -> None:
    """Remove the partial files of a killed run."""
    for path in folder.work.glob(".*.partial"):
        with suppress(OSError):
            path.unlink()


def _read(state: Path) -> dict[str, Any]:
    unsure = None
    for path in (state, _copy(state)):
        with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
            table = json.loads(path.read_text("utf-8"))
            key = unsealed(table)
            if SEAL in table:
                return key
            unsure = unsure or key  # an older version's, as is said when keys are compared
    if unsure is not None:
        return unsure
    raise ResumeError(f"{state} is damaged or gone; --fresh starts over")


def _lengthen(folder: RenderFolder, old: dict[str, Any], key: dict[str, Any]) -> dict[str, Any]:
    """Record the extension to `key` if only the length differs; returns the folder's key."""
    before, after = old.get(LENGTH), key[LENGTH]
    if not _less(before, after) or old | {LENGTH: after} != key:
        return old
    # The goal first: after a crash between the two, the same command still understands it.
    write_text(folder.goal, json.dumps(sealed({"by": after - before, "to": after})))
    write_key(folder, key)
    return key


def _shorten(
    folder: RenderFolder,
    old: dict[str, Any],
    key: dict[str, Any],
    shortest: Callable[[], int | None],
) -> dict[str, Any]:
    """Take over `key` if only the length differs; returns the folder's key.

    Raises ResumeError where more frames are done: those would be lost.
    """
    before, after = old.get(LENGTH), key.get(LENGTH)
    if not (isinstance(before, int) and isinstance(after, int)) or before <= after:
        return old
    if old | {LENGTH: after} != key or (done := shortest()) is None:
        return old
    if done > after:
        problem = f"{folder.out} holds {done} of {before} frames, more than {after}"
        raise ResumeError(f"{problem} (--frames {done}, another --out, or --fresh to start over)")
    write_key(folder, key)
    folder.goal.unlink(missing_ok=True)
    return key


def _compare(out: Path, old: dict[str, Any], key: dict[str, Any]) -> None:
    """Raise ResumeError naming the settings that differ between two keys."""
    differing = [name for name in old | key if old.get(name) != key.get(name)]
    if differing:
        changes = ", ".join(
            f"{name} {quote(old.get(name))} -> {quote(key.get(name))}" for name in differing[:4]
        )
        more = f" and {len(differing) - 4} more" if len(differing) > 4 else ""
        if differing == [LENGTH] and _less(old.get(LENGTH), key[LENGTH]):
            more = f"; `dreamvid extend {out} --to {key[LENGTH]}` makes it longer"
        raise ResumeError(
            f"{out} holds work with other settings: {changes}{more} "
            "(choose another --out, or --fresh to start over)"
        )


def _less(frames: object, count: int) -> bool:
    return isinstance(frames, int) and frames < count
