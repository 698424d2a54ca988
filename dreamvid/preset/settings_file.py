"""Settings files of other tools, as presets: Deforum's and Parseq's.

A settings file is a stranger's: its size is bounded, and nothing in it is run. Each of its keys
either becomes options of a preset or is left out for a reason.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from dreamvid.errors import PresetError
from dreamvid.preset.deforum_settings import Row, convert
from dreamvid.preset.load import LARGEST as LARGEST_PRESET
from dreamvid.preset.load import anchor_paths, check
from dreamvid.preset.parseq import as_deforum
from dreamvid.preset.toml import to_toml
from dreamvid.system.files import check_file

LARGEST = 64_000_000  # bytes; Parseq writes five kilobytes a frame
MAX_SETTINGS = 2000
_KNOWN = {"animation_mode", "max_frames", "rendered_frames", "keyframes", "diffusion_cadence"}
_LINE = re.compile(r"\s*\"?([A-Za-z_]\w*)\"?\s*[:=]\s*(\S.*)")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|' r"'((?:[^'\\]|\\.)*)'")


class Imported(NamedTuple):
    """Preset's text, what became of each setting, and the files it names that are not here."""

    text: str
    rows: tuple[Row, ...]
    missing: list[str]


def is_settings_file(path: Path) -> bool:
    """Test for a settings file: a .txt, or JSON with Deforum's or Parseq's keys."""
    if path.suffix.lower() != ".json":
        return path.suffix.lower() == ".txt"
    try:
        return not _KNOWN.isdisjoint(read_settings(path))
    except PresetError:
        return False


def import_settings(path: Path) -> Imported:
    """Make a preset of a settings file; raises PresetError."""
    settings = read_settings(path)
    if "rendered_frames" in settings or "keyframes" in settings:
        settings = as_deforum(settings, str(path))
    elif isinstance(settings.get("parseq_manifest"), str) and settings["parseq_manifest"].strip():
        manifest = _parse_json(settings.pop("parseq_manifest"), f"{path}: parseq_manifest")
        settings |= as_deforum(manifest, f"{path}: parseq_manifest")
    if len(settings) > MAX_SETTINGS:
        raise PresetError(str(path), f"has {len(settings)} settings", f"at most {MAX_SETTINGS}")
    if _KNOWN.isdisjoint(settings):
        _refuse(path, "has no setting of Deforum, such as max_frames, and no Parseq frames")
    table, rows = convert(settings)
    anchor_paths(table, path.resolve().parent)
    preset = check(table)
    text = to_toml(preset, f"from {path.name}")
    if len(text) > LARGEST_PRESET:
        _refuse(path, "has too many keys for a preset")
    files = (preset.start.path, preset.sound.path, *preset.colour.pictures.values())
    return Imported(text, rows, [str(file) for file in files if file and not os.path.exists(file)])


def read_settings(path: Path) -> dict[str, Any]:
    """Read the keys and values of a settings file, JSON or lines; raises PresetError."""
    try:
        check_file(path)
        if path.stat().st_size > LARGEST:
            _refuse(path, f"is larger than {LARGEST // 1_000_000} MB")
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        _refuse(path, f"cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}")
    if text.lstrip().startswith("{"):
        return _parse_json(text, str(path))
    settings = _parse_lines(text)
    if not settings:
        _refuse(path, "has no settings")
    return settings


def _parse_json(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise PresetError(name, "is nested too deep") from None
    except ValueError as error:
        raise PresetError(name, f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise PresetError(name, "is no table of settings")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _parse_lines(text: str) -> dict[str, Any]:
    """Read `key: value` and `key = "value" #@param`, the text forms; other lines are skipped."""
    settings: dict[str, Any] = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            settings[match[1]] = _value(match[2].rstrip())
    return settings


def _value(text: str) -> Any:
    """Read a value: a quoted text, or a number, truth or bare text up to a comment or comma."""
    if quoted := _TEXT.match(text):
        return quoted[1] if quoted[1] is not None else quoted[2]
    bare = text.partition("#")[0].strip().removesuffix(",").strip()
    words = {"True": True, "False": False, "None": None, "true": True, "false": False}
    if bare in words:
        return words[bare]
    try:
        return int(bare)
    except ValueError:
        return bare


def _refuse(path: Path, problem: str) -> NoReturn:
    cure = "a settings file of Deforum, or the JSON that Parseq renders"
    raise PresetError(str(path), problem, cure)
