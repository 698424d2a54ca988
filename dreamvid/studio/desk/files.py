"""Files that a preset names. The page may name those in the studio's folder alone."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dreamvid.errors import PresetError
from dreamvid.preset.base import Options
from dreamvid.preset.schema import Preset


def files_of(value: Any, name: str = "") -> Iterator[tuple[str, Path]]:
    """Yield every path in a preset, with its key."""
    if isinstance(value, Path):
        yield name, value
    elif isinstance(value, Options):
        for field in type(value).model_fields:
            yield from files_of(getattr(value, field), f"{name}.{field}".lstrip("."))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from files_of(item, f"{name}[{number}]")


def check_files(
    preset: Preset, folder: Path, before: Preset | None = None, others: Sequence[Preset] = ()
) -> None:
    """Refuse files outside of a folder; raises PresetError.

    Those that a preset named `before` are known, and those of `others`.
    """
    known = {path for _, path in files_of(before)}
    new = [(key, path) for key, path in files_of(preset) if path not in known]
    if not new:
        return
    known = {path for other in others for _, path in files_of(other)}
    root = os.path.realpath(folder)
    for key, path in new:
        if path not in known and not Path(os.path.realpath(path)).is_relative_to(root):
            problem = f"{path} is not in the studio's folder"
            raise PresetError(key, problem, "drop the file on the page")
