"""The render folder: the work in progress of one render, and what it belongs to.

OUT/.render/ holds the twin segments, the checkpoint, and state.json, which says what is
rendered. It stays after the film is finished; `--fresh` empties it.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dreamvid.errors import BusyError, OutputError, ResumeError, quote
from dreamvid.render.work.checkpoint import Checkpoint, before, load
from dreamvid.system.files import lock_file, make_folder, write_text

LOCK = "lock"  # the file's name

LENGTH = "video.frames"
"""What of a render's key may grow."""

OURS = re.compile(
    r"(state|state-copy|job|longer)\.json|(before-)?checkpoint\.safetensors"
    r"|[fr]\d{6,}\.(mp4|mov)|lead\d{6,}\.npy|timings\.jsonl|\.(reverse|probe)\.\w+|\..*\.partial"
)


@dataclass(frozen=True)
class RenderFolder:
    out: Path
    lock: int | None = None  # its number in the file system while it is ours

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
        """What the last run was to make, as `report.made` tells it."""
        return self.work / "job.json"

    @property
    def goal(self) -> Path:
        """While a film is made longer: by how many frames, and to how many."""
        return self.work / "longer.json"

    def resume(self, device: torch.device) -> Checkpoint | None:
        """Where the last run stopped, if there was one; raises ResumeError.

        Where the newest checkpoint is damaged, the one before it.
        """
        if not self.checkpoint.exists():
            return None
        try:
            return load(self.checkpoint, device)
        except ResumeError:
            with suppress(ResumeError):
                return load(before(self.checkpoint), device)
            raise

    def earlier(self, device: torch.device, count: int) -> Checkpoint | None:
        """One that speaks for at most `count` frames of the film, if there is one."""
        with suppress(ResumeError):
            kept = load(before(self.checkpoint), device)
            if kept.frame.index + 1 - len(kept.pending) <= count:
                return kept
        return None

    def gutted(self) -> bool:
        """Whether it was removed while a run went on to write: all that came before is gone."""
        first = any(self.work.glob("f000000.m*"))
        return not (first or self.state.exists() or _copy(self.state).exists())

    def check(self) -> None:
        """Raises OutputError where the folder was taken away, or put in another's place."""
        with suppress(OSError):
            if os.stat(self.work / LOCK).st_ino == self.lock:
                return
        problem = f"{self.work} is gone: somebody moved or removed it while it was written"
        raise OutputError(f"{problem}; put it back and the same command goes on, else begins anew")


def kept_setting(out: Path, name: str) -> Any:
    """What of a render's key the folder was begun with; None where there is none to go on with."""
    folder = RenderFolder(out)
    try:
        return _read(folder.state).get(name) if folder.checkpoint.exists() else None
    except ResumeError:
        return None


def write_key(folder: RenderFolder, key: dict[str, Any]) -> None:
    """What it belongs to, twice: all else is worth nothing without. Raises OutputError."""
    for path in (folder.state, _copy(folder.state)):
        write_text(path, json.dumps(key, indent=2))


def _copy(state: Path) -> Path:
    return state.with_name("state-copy.json")


@contextmanager
def open_folder(
    out: Path, key: dict[str, Any], *, fresh: bool, longer: bool = False
) -> Iterator[RenderFolder]:
    """Make the folder or take up the one that is there, and keep other runs out of it.

    Args:
        key: all that the frames depend on; JSON values.
        longer: the film of the folder may have fewer frames than the key says: from now on
            it has as many. What it is made longer by is remembered until it is finished.

    Raises:
        ResumeError: it holds a render with another key, or another run is at it.
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
            kept = _read(folder.state)
            _compare(out, _lengthened(folder, kept, key) if longer else kept, key)
        else:  # nothing is lost by taking another key: not a single segment is kept
            folder.checkpoint.unlink(missing_ok=True)
            write_key(folder, key)
        yield folder


def _empty(folder: RenderFolder) -> None:
    try:
        folder.checkpoint.unlink(missing_ok=True)  # first: segments without it count for nothing
        for path in folder.work.iterdir():
            if OURS.fullmatch(path.name):
                path.unlink()
    except OSError as error:
        reason = f"{error.filename}: cannot be removed: {error.strerror}"
        raise OutputError(f"{reason}; choose another --out") from None


def _remove_partial(folder: RenderFolder) -> None:
    """What a run that was killed had begun to write."""
    for path in folder.work.glob(".*.partial"):
        with suppress(OSError):
            path.unlink()


def _read(state: Path) -> dict[str, Any]:
    for path in (state, _copy(state)):
        with suppress(OSError, ValueError, RecursionError):
            kept = json.loads(path.read_text("utf-8"))
            if isinstance(kept, dict):
                return kept
    raise ResumeError(f"{state} is damaged or gone; --fresh starts over")


def _lengthened(folder: RenderFolder, kept: dict[str, Any], key: dict[str, Any]) -> dict[str, Any]:
    """The folder's key once it is the longer film's, if all else is alike."""
    frames, wanted = kept.get(LENGTH), key[LENGTH]
    grown = kept | {LENGTH: wanted}
    if not _less(frames, wanted) or grown != key:
        return kept
    # The goal first: a crash between the two leaves what the same command understands.
    write_text(folder.goal, json.dumps({"by": wanted - frames, "to": wanted}))
    write_key(folder, grown)
    return grown


def _compare(out: Path, kept: dict[str, Any], key: dict[str, Any]) -> None:
    differing = [name for name in kept | key if kept.get(name) != key.get(name)]
    if differing:
        changes = ", ".join(
            f"{name} {quote(kept.get(name))} -> {quote(key.get(name))}" for name in differing[:4]
        )
        more = f" and {len(differing) - 4} more" if len(differing) > 4 else ""
        if differing == [LENGTH] and _less(kept.get(LENGTH), key[LENGTH]):
            more = f"; `dreamvid extend {out} --to {key[LENGTH]}` makes it longer"
        raise ResumeError(
            f"{out} holds work with other settings: {changes}{more} "
            "(choose another --out, or --fresh to start over)"
        )


def _less(frames: object, wanted: int) -> bool:
    return isinstance(frames, int) and frames < wanted
