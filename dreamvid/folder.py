"""The render folder: the work in progress of one render, and what it belongs to.

OUT/.render/ holds state.json (what is rendered), the twin segments and the checkpoint.
It stays after the film is finished; `--fresh` empties it.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dreamvid.checkpoint import Checkpoint, load
from dreamvid.errors import OutputError, ResumeError
from dreamvid.files import write_text

OURS = re.compile(r"state\.json|checkpoint\.safetensors|[fr]\d{6}\.mp4|\..*\.partial.*")


@dataclass(frozen=True)
class RenderFolder:
    out: Path

    @property
    def work(self) -> Path:
        return self.out / ".render"

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.safetensors"

    def resume(self, device: torch.device) -> Checkpoint | None:
        """Where the last run stopped, if there was one; raises ResumeError."""
        return load(self.checkpoint, device) if self.checkpoint.exists() else None


def open_folder(out: Path, key: dict[str, Any], *, fresh: bool) -> RenderFolder:
    """Make the folder, or take up the one that is there.

    Args:
        key: all that the frames depend on; JSON values.

    Raises:
        ResumeError: it holds a render with another key.
        OutputError: it cannot be written.
    """
    folder = RenderFolder(out)
    state = folder.work / "state.json"
    try:
        folder.work.mkdir(parents=True, exist_ok=True)
        if fresh:
            _empty(folder.work)
        if state.exists():
            _compare(out, _read(state), key)
        else:
            write_text(state, json.dumps(key, indent=2))
    except OSError as error:
        raise OutputError(f"--out {out}: cannot be written: {error.strerror}") from None
    return folder


def _empty(work: Path) -> None:
    for path in work.iterdir():
        if OURS.fullmatch(path.name):
            path.unlink()


def _read(state: Path) -> dict[str, Any]:
    try:
        kept = json.loads(state.read_text())
        if isinstance(kept, dict):
            return kept
    except ValueError:
        pass
    raise ResumeError(f"{state} is damaged; --fresh starts the film over")


def _compare(out: Path, kept: dict[str, Any], key: dict[str, Any]) -> None:
    differing = [name for name in kept | key if kept.get(name) != key.get(name)]
    if differing:
        changes = ", ".join(f"{n} {kept.get(n)} -> {key.get(n)}" for n in differing[:4])
        more = f" and {len(differing) - 4} more" if len(differing) > 4 else ""
        raise ResumeError(
            f"{out} holds a render with other settings: {changes}{more} "
            "(choose another --out, or --fresh to start over)"
        )
