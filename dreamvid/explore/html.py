"""HTML page of a sheet, whose cells are links to presets that are ready to render."""

import re
import shlex
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from dreamvid.errors import PresetError, quote
from dreamvid.explore.cells import Cell
from dreamvid.media.images.formats import check_size, format_of
from dreamvid.media.images.sheet import BACKGROUND, DIM, GAP, INK, Layout
from dreamvid.preset.toml import to_toml
from dreamvid.system.files import check_writable, write_text
from dreamvid.system.html import fill_template

TEMPLATE = Path(__file__).parent / "templates" / "sheet.html"
NOTE = "Made by dreamvid; larger: dreamvid render THIS.toml --size 1280x720"

SHOWN = (".png", ".jpg", ".jpeg", ".webp", ".bmp")  # formats that browsers show


def page_of(sheet: Path) -> Path:
    return sheet.with_suffix(".html")


def presets_of(sheet: Path) -> Path:
    return sheet.with_name(f"{sheet.stem}-presets")


def check_picture(option: str, path: Path, photo: Path | None) -> None:
    """Check that an image can be written, before minutes of work.

    Raises OutputError where it cannot, PresetError where it would overwrite the photo.
    """
    format_of(path)
    if photo and path.exists() and photo.exists() and path.samefile(photo):
        raise PresetError(option, f"{path} is the photo itself", "choose another name")
    check_writable(path)


def check_targets(sheet: Path, photo: Path | None, cells: Sequence[Cell], layout: Layout) -> None:
    """Check that a sheet, its page and its presets can be written; raises as `check_picture`."""
    width, height = layout.size
    check_size(sheet, height, width)
    if sheet.suffix.lower() not in SHOWN:
        problem = f"{quote(str(sheet))} is for a page, and browsers do not show it"
        raise PresetError("--out", problem, f"{', '.join(SHOWN)} are shown")
    _check_text("--out", sheet.name)
    for cell in cells:
        _check_text("a preset's path or text", to_toml(cell.preset, NOTE))
    check_picture("--out", sheet, photo)
    check_writable(page_of(sheet))
    check_writable(presets_of(sheet) / "a.toml")


def check_photo(option: str, photo: Path) -> None:
    """Raise PresetError for a photo whose path is not UTF-8, as presets are."""
    _check_text(option, str(photo.absolute()))


def _check_text(option: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        near = text[max(0, error.start - 20) : error.end + 20]
        raise PresetError(option, f"{quote(near)} is not UTF-8", "rename the file") from None


def as_argument(path: str) -> str:
    """Quote a path for a shell, so that it is not taken for an option either."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def write_page(sheet: Path, cells: Sequence[Cell], layout: Layout, title: str) -> Path:
    """Write the page of a written sheet and a preset for each cell; raises OutputError."""
    folder = presets_of(sheet)
    names = file_names([cell.preset.title or cell.label for cell in cells])
    for cell, name in zip(cells, names, strict=True):
        write_text(folder / name, to_toml(cell.preset, NOTE))
    files = [f"{folder.name}/{name}" for name in names]
    links = []
    for number, (cell, file) in enumerate(zip(cells, files, strict=True)):
        left, top = layout.place(number)
        command = f"dreamvid render {as_argument(file)}"
        links.append(dict(label=cell.label, file=file, command=command, left=left, top=top))
    colours = {"background": BACKGROUND, "ink": INK, "dim": DIM, "gap": 2 * GAP}
    values = {"title": title, "sheet": sheet.name, "cells": links, "layout": layout}
    page = page_of(sheet)
    write_text(page, fill_template(TEMPLATE, **values, **colours))
    return page


def file_names(titles: Sequence[str]) -> list[str]:
    """Make distinct file names from titles, which every file system takes."""
    names: list[str] = []
    for title in titles:
        plain = re.sub(r"[^a-z0-9._]+", "-", title.lower()).strip("-.")[:80] or "preset"
        numbered = (f"{plain}-{number}" for number in count(2))
        names.append(next(name for name in chain([plain], numbered) if name not in names))
    return [f"{name}.toml" for name in names]
