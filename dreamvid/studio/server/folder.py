"""Folder of a studio: its presets, uploads and films, the session that goes on, and a lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import BusyError, OutputError
from dreamvid.system.files import lock_file, make_folder

LOCK = ".lock"


@dataclass(frozen=True)
class Folder:
    """Paths in the folder of a studio."""

    path: Path  # absolute

    @property
    def presets(self) -> Path:
        return self.path / "presets"

    @property
    def uploads(self) -> Path:
        return self.path / "uploads"

    @property
    def films(self) -> Path:
        return self.path / "films"

    @property
    def session(self) -> Path:
        return self.path / "session.json"


@contextmanager
def open_folder(path: Path) -> Iterator[Folder]:
    """Make a studio's folder, and keep a second studio out of it during the block.

    Raises OutputError, and BusyError where another studio has it open.
    """
    try:
        folder = Folder(path.expanduser().resolve())
        make_folder(folder.path)
        lock = (folder.path / LOCK).open("w")
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"--folder {path}: cannot be written: {reason}") from None
    with lock:
        if not lock_file(lock):
            cure = "close it, or give this one another --folder"
            raise BusyError(f"{path}: another studio has it open; {cure}")
        yield folder
