"""TOML in both directions: read with a bound on time, write a preset that reads back the same."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from dreamvid.preset.looks import SHAPING
from dreamvid.preset.schema import Preset

# tomllib takes time by the square of a key's parts, "a.a.a.a = 1": 500,000 take an hour.
DOTS = 30_000_000  # squares of the dots of each line, in all; about half a second
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*+"|' r"'[^'\n]*+'")


def read_toml(text: str) -> dict[str, Any]:
    """Raises ValueError, of one line, for what is no TOML or would take too long."""
    lines = text.split("\n")
    if sum(line.count(".") ** 2 for line in lines) > DOTS:  # mostly in texts, which cost nothing
        dots = sum(_TEXT.sub('""', line).count(".") ** 2 for line in lines)
        if dots > DOTS:
            raise ValueError("its keys have too many parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("its lists or tables are nested too deep") from None


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
