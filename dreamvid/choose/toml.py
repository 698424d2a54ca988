"""A preset as TOML: what it was given, or what it changes, and no more. Reading it gives the
same preset."""

import json
from pathlib import Path
from typing import Any

from dreamvid.options import Preset
from dreamvid.options.looks import SHAPING


def to_toml(preset: Preset, note: str) -> str:
    """Paths are written in full, so that the file may lie anywhere.

    Args:
        note: a line of its own at the top.
    """
    return _text(preset.model_dump(exclude_unset=True), note)


def changed_toml(preset: Preset, note: str) -> str:
    """As `to_toml`, of what is not at its default; relative paths stay so."""
    given = preset.model_dump(mode="json", exclude_defaults=True)
    if preset.dream.look != type(preset.dream).model_fields["look"].default:
        # A look changes what is not said, so all that it could change is said.
        shaping = preset.model_dump(mode="json")["dream"]
        given["dream"] |= {key: shaping[key] for key in SHAPING}
    return _text(given, note)


def _text(given: dict[str, Any], note: str) -> str:
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
