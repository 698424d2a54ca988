"""Files of an image sequence, given by a folder or by a pattern, in natural order."""

import logging
import re
from fnmatch import translate
from functools import cache
from pathlib import Path

from PIL import Image as PilImage

from dreamvid.media.images.formats import READABLE
from dreamvid.media.images.plugins import register_plugins

NUMBER = re.compile(r"%(0\d+)?d")
"""Place of a frame's number in a pattern, as printf has it: %d or %04d."""
LITTER = {"thumbs.db", "desktop.ini", "ehthumbs.db"}
"""Files that file managers leave in folders of pictures; others have a dot before their names."""

logger = logging.getLogger(__name__)


def find_frames(path: Path) -> list[Path] | None:
    """List the pictures of a folder, or those that a pattern names; None for any other path.

    A pattern is a file's name with the frames' number as %d or %04d, or with *, ? or [...], where
    no file has that very name. Hidden files are left out; other files that are no pictures by
    their names are told of. Raises OSError for a folder that cannot be read.
    """
    if path.is_dir():
        return _pictures(path, path)
    matches = None if path.exists() else _matcher(path.name)
    if matches is None:
        return None
    return _pictures(path, path.parent, matches) if path.parent.is_dir() else []


def is_pattern(path: Path) -> bool:
    """Tell whether a path may name many files."""
    return _matcher(path.name) is not None


def base_of(path: Path) -> Path:
    """Return the path whose name files made of a film take theirs from: a pattern's folder."""
    if path.exists() or not is_pattern(path):
        return path
    return path.parent if path.parent.name else path.absolute().parent


def images_in(folder: Path) -> list[Path]:
    """List the images of a folder in natural order: 2.png is before 10.png."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in _suffixes())
    return sorted((path for path in files if not _is_litter(path)), key=_natural_order)


def _pictures(path: Path, folder: Path, matches: re.Pattern[str] | None = None) -> list[Path]:
    found = [file for file in folder.iterdir() if not _is_litter(file)]
    if matches:
        found = [file for file in found if matches.fullmatch(file.name)]
    pictures = [file for file in found if file.suffix.lower() in _suffixes() and file.is_file()]
    if pictures and (others := len(found) - len(pictures)):
        example = min(set(found) - set(pictures), key=_natural_order).name
        logger.warning("%s: %d are left out as no pictures, such as %s", path, others, example)
    return sorted(pictures, key=_natural_order)


def _matcher(name: str) -> re.Pattern[str] | None:
    """Compile a pattern; None for the name of one file."""
    if NUMBER.search(name):
        pieces = re.split(r"(%(?:0\d+)?d|%%)", name)
        return re.compile("".join(map(_piece, pieces)))
    return re.compile(translate(name)) if re.search(r"[*?\[]", name) else None


def _piece(text: str) -> str:
    if text == "%%":
        return "%"
    if number := NUMBER.fullmatch(text):
        return rf"\d{{{int(number[1] or 1)},}}"
    return re.escape(text)


def _is_litter(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in LITTER


@cache
def _suffixes() -> frozenset[str]:
    register_plugins()
    kinds = PilImage.registered_extensions().items()
    return frozenset(suffix for suffix, kind in kinds if kind in READABLE)


def _natural_order(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if n % 2 else (-1, part) for n, part in enumerate(parts)]
