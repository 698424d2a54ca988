"""The folder of photos: its files, and paths from caption files resolved inside it."""

import os
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from dreamvid.errors import PresetError

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif"),
    *(".tif", ".tiff", ".bmp", ".gif", ".heic", ".jp2"),
)
"""Suffixes of photos that no caption file names; their format is recognised by content."""


class Folder:
    """Photos below a folder, sorted by name; hidden files are left out.

    Raises PresetError naming --images if there are none.
    """

    def __init__(self, path: Path) -> None:
        if not os.path.isdir(path):
            problem = "is not a folder" if os.path.exists(path) else "does not exist"
            raise PresetError("--images", f"{path} {problem}", "give a folder of photos")
        self.path = path
        self.photos = tuple(_photos(path))
        if not self.photos:
            raise PresetError("--images", f"{path} holds no photo", "JPEG, PNG, WebP, ...")

    def inside(self, written: str) -> str | None:
        """Resolve a written path to a name below the folder; None if it leads out of it.

        Links below the folder are followed. Backslashes separate folders too, and a photo's name
        may have decomposed accents, as on macOS.
        """
        below = written.strip()
        if not self.has(below):
            below = below.replace("\\", "/")
        whole = os.path.normpath(os.path.join(self._top, below))
        if not whole.startswith(self._top):
            return None
        name = whole.removeprefix(self._top).replace(os.sep, "/")
        return name if self.has(name) else self._composed.get(_composed(name), name)

    def has(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self._top, name))

    @cached_property
    def _top(self) -> str:
        """Path of the folder with a separator at its end; text, since a file may name 400,000."""
        return os.path.join(os.path.normpath(self.path.absolute()), "")

    @cached_property
    def by_stem(self) -> dict[str, str]:
        """First photo of each name without folders and suffix."""
        return {PurePosixPath(name).stem: name for name in reversed(self.photos)}

    @cached_property
    def _composed(self) -> dict[str, str]:
        return {_composed(name): name for name in self.photos}


def check_out(out: Path | None, target: Path, images: Path) -> None:
    """Raise PresetError for an output folder, given or by default, that would mix with others."""
    if out is not None and out == Path():
        raise PresetError("--out", "is the current folder", "give a folder of its own")
    if target.resolve().is_relative_to(images.resolve()):
        raise PresetError("--out", f"{target} lies among the photos", "give another folder")


def _photos(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            path = Path(place, file)
            if path.suffix.lower() in SUFFIXES and not file.startswith("."):
                yield path.relative_to(folder).as_posix()


def _refuse(error: OSError) -> None:
    raise PresetError("--images", f"{error.filename} cannot be read: {error.strerror}")


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
