"""Opening of the studio: the desk as it was left, or the preset or film that is named."""

import os
from pathlib import Path
from typing import Any

from dreamvid.errors import PresetError
from dreamvid.preset.load import RENDERED, names, read_table
from dreamvid.studio.desk import keep
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.queue.aside import Aside
from dreamvid.studio.server.folder import Folder
from dreamvid.system.files import check_file


def open_desk(folder: Folder, given: str | None = None) -> tuple[Desk, list[str]]:
    """Restore the desk, and open a preset by name, a .toml file, or a film's settings on it.

    Returns it, and lines of what is to be known. Raises DreamvidError for a `given` that cannot be
    opened.
    """
    desk = Desk(folder.path)
    lost = keep.read(folder.session, desk)
    notes = [lost] if lost else []
    if given is None:
        return desk, notes
    path = Path(given)
    if given not in names() and path.suffix == ".toml":
        desk.load(path.stem, read_table(given), trusted=True)
    elif path.suffix.lower() in RENDERED or os.path.isdir(given):
        found = _read_film(given)
        desk.load(found["title"] or path.stem, found["table"], trusted=True)
        notes += missing_note(found["missing"])
    else:
        desk.open(given)
    return desk, notes


def _read_film(given: str) -> dict[str, Any]:
    """Read the settings of a film or a render's folder, in a process that imports torch."""
    try:
        if not os.path.isdir(given):
            check_file(Path(given))
    except OSError as error:
        cure = "give a preset's name, a .toml file, or a finished film"
        raise PresetError(given, f"cannot be read: {error.strerror}", cure) from None
    aside = Aside()
    try:
        return aside.do("read_settings", given)
    finally:
        aside.close()


def missing_note(missing: list[str]) -> list[str]:
    """Say which input files of a film are not found."""
    return [f"not found: {', '.join(missing)}; choose them again"] if missing else []
