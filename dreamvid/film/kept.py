"""Parts of a job that its next build takes over where they are made of the same."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from dreamvid.media.images.sequence import find_frames

Made = TypeVar("Made")
Stamp = tuple[str, int, int]
"""Path, time of the last change in ns, and size in bytes."""


class Kept:
    """Store of the parts of the job built last: one of each name, with its key.

    A preset that is changed while it plays is built again at every change; most of it is the same.
    """

    def __init__(self) -> None:
        self._parts: dict[str, tuple[Any, Any]] = {}

    def part(self, name: str, key: Any, make: Callable[[], Made]) -> Made:
        """Return what was made under this name if its key is equal; else make it."""
        known = self._parts.get(name)
        if known is not None and known[0] == key:
            return known[1]
        self._parts.pop(name, None)  # freed before the next one takes memory
        made = make()
        self._parts[name] = key, made
        return made


def stamps(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    """List a stamp of each file, or of each picture of a sequence; none of a file that is gone."""
    files = [file for path in paths for file in find_frames(path) or [path]]
    return tuple(stamp for file in files if (stamp := _stamp(file)))


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return str(path), status.st_mtime_ns, status.st_size
