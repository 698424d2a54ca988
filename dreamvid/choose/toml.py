"""A preset as TOML: what it was given and no more. Reading it gives the same preset."""

import json
from pathlib import Path
from typing import Any

from dreamvid.options import Preset


def to_toml(preset: Preset, note: str) -> str:
    """Paths are written in full, so that the file may lie anywhere.

    Args:
        note: a line of its own at the top.
    """
    given = preset.model_dump(exclude_unset=True)
    tables = {name: table for name, table in given.items() if isinstance(table, dict)}
    lines = [f"# {' '.join(note.split())}"]
    lines += _pairs({name: value for name, value in given.items() if name not in tables})
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def _pairs(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items() if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(_pairs(value))} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Path):
        return _value(str(value.absolute()))
    # JSON's texts are TOML's but for one character that TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
