"""TOML of presets: reading with a bound on time, writing what reads back the same."""

import re
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from dreamvid.preset.looks import SHAPING
from dreamvid.preset.schema import Preset

# tomllib's time is quadratic in a key's parts, "a.a.a.a = 1": 500,000 of them take an hour.
DOTS = 30_000_000  # sum over the lines of their squared number of dots; about half a second
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*+"|' r"'[^'\n]*+'")


def read_toml(text: str) -> dict[str, Any]:
    """Parse TOML; raises ValueError, of one line, for bad TOML and for what would take too long."""
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
    """Write what a preset sets, with absolute paths, so that the file may lie anywhere.

    `note` is a comment for the first line.
    """
    return _write(preset.model_dump(exclude_unset=True), note)


def changed_toml(preset: Preset, note: str) -> str:
    """Write what differs from the defaults; relative paths stay relative."""
    table = preset.model_dump(mode="json", exclude_defaults=True)
    if preset.dream.look != type(preset.dream).model_fields["look"].default:
        # A look changes the defaults of other options, so all of these are written.
        shaping = preset.model_dump(mode="json")["dream"]
        table["dream"] |= {key: shaping[key] for key in SHAPING}
    return _write(table, note)


def _write(table: dict[str, Any], note: str) -> str:
    return f"# {' '.join(note.split())}\n{tomli_w.dumps(_simple(table))}"


def _simple(value: Any) -> Any:
    """Leave out None, which TOML has no word for, and make paths absolute texts."""
    if isinstance(value, dict):
        return {key: _simple(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_simple(one) for one in value]
    return str(value.absolute()) if isinstance(value, Path) else value
