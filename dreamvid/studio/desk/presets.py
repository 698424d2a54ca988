"""Presets by name: those that come with dreamvid, and those saved in the studio's folder."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, OutputError, PresetError, quote, suggest
from dreamvid.preset.load import check, load_preset, names, read_table
from dreamvid.preset.objectives import GUIDED
from dreamvid.preset.schema import Preset
from dreamvid.preset.toml import to_toml
from dreamvid.system.files import write_text

LONGEST = 60  # characters of a name
MOST = 1000  # presets that are listed
_NAME = re.compile(r"[^\W_](?:[\w \-]*[\w\-])?")  # letters of any script
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.I)  # Windows' devices


@dataclass(frozen=True)
class Listed:
    """Preset, in a list."""

    name: str
    title: str
    about: str
    model: str
    changed: float  # seconds since 1970; 0: shipped
    needs: str = ""  # key of a file that it cannot do without, and has not: "start.path"


def check_name(name: str) -> str:
    """Check the name of a preset to be saved, and trim it; raises PresetError."""
    name = name.strip()
    if len(name) > LONGEST or not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        cure = f"letters, digits, spaces, - and _; at most {LONGEST}"
        raise PresetError("name", f"{quote(name)} cannot be a preset's name", cure)
    if name.casefold() in names():
        problem = f"{name} comes with dreamvid, and stays as it is"
        raise PresetError("name", problem, f"such as {name}-2")
    return name


@cache
def shipped() -> tuple[Listed, ...]:
    """List the presets that come with dreamvid."""
    return tuple(_listed(name, load_preset(name), 0) for name in names())


class Presets:
    """Presets saved in a folder, as NAME.toml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def saved(self) -> Iterator[Listed]:
        """Yield the presets saved, the latest first; one that cannot be read has that as text."""
        files = []
        with suppress(OSError):  # there is none yet
            for file in os.scandir(self.folder):
                path = Path(file.path)
                if path.suffix == ".toml" and is_name(path.stem) and file.is_file():
                    files.append((file.stat().st_mtime, path))
        for changed, path in sorted(files, reverse=True)[:MOST]:
            try:
                yield _listed(path.stem, check(read_table(str(path))), changed)
            except DreamvidError as error:
                yield Listed(path.stem, path.stem, str(error), "", changed)

    def read(self, name: str) -> dict[str, Any]:
        """Read a preset's table, shipped or saved, paths absolute; raises PresetError."""
        if name in names():
            return read_table(name)
        path = self._path(name)
        if not is_name(name) or not path.is_file():
            known = [*names(), *(one.name for one in self.saved())]
            raise PresetError(quote(name), "no preset of this name", suggest(name, known))
        return read_table(str(path.absolute()))

    def save(self, name: str, preset: Preset, note: str, *, overwrite: bool) -> str:
        """Write a preset, its paths absolute; `note` is the first line. Returns its name.

        Raises PresetError for a name that cannot be, or is in use, and OutputError.
        """
        name = check_name(name)
        path = self._path(name)
        if not overwrite and self._taken(path):
            cure = "save under another name, or over it"
            raise OutputError(f"{name}: there is a preset of this name ({cure})")
        write_text(path, to_toml(preset, note))
        return name

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.toml"

    def _taken(self, path: Path) -> bool:
        """Test for a file of this name, in any case: on some disks they are one."""
        try:
            used = {name.casefold() for name in os.listdir(self.folder)}
        except OSError:
            return False
        return path.name.casefold() in used


def is_name(name: str) -> bool:
    """Test for a name that a saved preset can have."""
    try:
        return check_name(name) == name
    except PresetError:
        return False


def _listed(name: str, preset: Preset, changed: float) -> Listed:
    title = preset.title or name
    return Listed(name, title, preset.about, preset.model, changed, _needs(preset))


def _needs(preset: Preset) -> str:
    if preset.start.kind in ("image", "video") and preset.start.path is None:
        return "start.path"
    dream = preset.dream
    guided = dream.guided_layers or (dream.objective in GUIDED and not dream.layers)
    return "dream.guide" if guided and not dream.guide else ""
