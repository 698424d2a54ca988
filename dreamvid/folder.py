"""The render folder: the work in progress of one render, and what it belongs to.

OUT/.render/ holds the twin segments, the checkpoint, and state.json, which says what is
rendered. It stays after the film is finished; `--fresh` empties it.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch

from dreamvid.checkpoint import Checkpoint, load
from dreamvid.errors import OutputError, ResumeError, quote
from dreamvid.files import write_text

OURS = re.compile(
    r"state\.json|checkpoint\.safetensors|[fr]\d{6,}\.mp4|lead\d{6,}\.npy|\..*\.partial"
)


@dataclass(frozen=True)
class RenderFolder:
    out: Path

    @property
    def work(self) -> Path:
        return self.out / ".render"

    @property
    def state(self) -> Path:
        return self.work / "state.json"

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.safetensors"

    def resume(self, device: torch.device) -> Checkpoint | None:
        """Where the last run stopped, if there was one; raises ResumeError."""
        return load(self.checkpoint, device) if self.checkpoint.exists() else None


@contextmanager
def open_folder(out: Path, key: dict[str, Any], *, fresh: bool) -> Iterator[RenderFolder]:
    """Make the folder or take up the one that is there, and keep other runs out of it.

    Args:
        key: all that the frames depend on; JSON values.

    Raises:
        ResumeError: it holds a render with another key, or another run is at it.
        OutputError: it cannot be written.
    """
    folder = RenderFolder(out)
    try:
        folder.work.mkdir(parents=True, exist_ok=True)
        lock = (folder.work / "lock").open("w")
    except OSError as error:
        raise OutputError(f"--out {out}: cannot be written: {error.strerror}") from None
    with lock:
        if not _take(lock):
            raise ResumeError(f"{out}: another run is at work here; wait for it or stop it")
        if fresh:
            _empty(folder)
        if folder.checkpoint.exists():
            _compare(out, _read(folder.state), key)
        else:  # nothing is lost by taking another key: not a single segment is kept
            write_text(folder.state, json.dumps(key, indent=2))
        yield folder


def _take(lock: IO[str]) -> bool:
    """Lock a file until it is closed; the system frees it when a process dies."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock; there two runs are not kept apart
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _empty(folder: RenderFolder) -> None:
    try:
        folder.checkpoint.unlink(missing_ok=True)  # first: segments without it count for nothing
        for path in folder.work.iterdir():
            if OURS.fullmatch(path.name):
                path.unlink()
    except OSError as error:
        reason = f"{error.filename}: cannot be removed: {error.strerror}"
        raise OutputError(f"{reason}; choose another --out") from None


def _read(state: Path) -> dict[str, Any]:
    try:
        kept = json.loads(state.read_text("utf-8"))
        if isinstance(kept, dict):
            return kept
    except (OSError, ValueError, RecursionError):
        pass
    raise ResumeError(f"{state} is damaged or gone; --fresh starts over")


def _compare(out: Path, kept: dict[str, Any], key: dict[str, Any]) -> None:
    differing = [name for name in kept | key if kept.get(name) != key.get(name)]
    if differing:
        changes = ", ".join(
            f"{name} {quote(kept.get(name))} -> {quote(key.get(name))}" for name in differing[:4]
        )
        more = f" and {len(differing) - 4} more" if len(differing) > 4 else ""
        raise ResumeError(
            f"{out} holds work with other settings: {changes}{more} "
            "(choose another --out, or --fresh to start over)"
        )
