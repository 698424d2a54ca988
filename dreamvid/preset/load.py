"""Loading of presets by name or path, with `key=value` settings on top.

A preset that somebody shared is untrusted input: nothing in it is run.
"""

import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from dreamvid.errors import PresetError, quote, suggest
from dreamvid.media.images.sequence import is_pattern
from dreamvid.preset.colour import is_scene
from dreamvid.preset.looks import SHAPING
from dreamvid.preset.mask import WORDS
from dreamvid.preset.objectives import is_name
from dreamvid.preset.replaced import drop_replaced
from dreamvid.preset.schema import Preset
from dreamvid.preset.toml import read_toml
from dreamvid.preset.values import VIDEOS
from dreamvid.system.files import check_file, is_url

PATHS = (
    ("start", "path"),
    ("dream", "guide"),
    ("dream", "mask"),
    ("dream", "direction"),
    ("colour", "like"),
    ("sound", "path"),
)

RENDERED = (*VIDEOS, ".gif", ".webp", ".avif", ".png", ".apng", ".json")
"""Suffixes of files that may hold the preset they were rendered from."""

LARGEST = 2_000_000  # bytes of a preset: room for 100,000 keys of a Deforum schedule


@cache
def names() -> tuple[str, ...]:
    """List the presets that come with dreamvid."""
    return tuple(sorted(path.stem for path in shipped_folder().glob("*.toml")))


@cache
def shipped_folder() -> Path:
    """Find presets/: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "presets"
    return inside if inside.is_dir() else package.parent / "presets"


def read_text(name: str) -> str:
    """Read the TOML of a preset, given by name or path; raises PresetError."""
    if name in names():
        return (shipped_folder() / f"{name}.toml").read_text("utf-8")
    path = Path(name)
    if path.suffix.lower() in RENDERED or os.path.isdir(path):  # False for what is no path
        cure = f"`dreamvid replay {name}` renders again what it was made from"
        raise PresetError(name, "is not a preset", cure)
    if path.suffix != ".toml":
        raise PresetError(name, "no preset of this name", suggest(name, names()))
    try:
        check_file(path)
        if path.stat().st_size > LARGEST:
            raise PresetError(name, "too large for a preset", "a preset has a few kilobytes")
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:  # also a name with a zero byte in it
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        cure = "give the path of a .toml file, or a name from `dreamvid presets list`"
        raise PresetError(name, f"cannot be read: {reason}", cure) from None


def load_preset(name: str, settings: Sequence[str] = ()) -> Preset:
    """Load a preset by name or path, with `key=value` settings on top.

    Paths in a file are taken from the file's folder, paths in settings from the
    current one. Raises PresetError naming the option.
    """
    return lay_over(read_table(name), settings)


def read_table(name: str) -> dict[str, Any]:
    """Read the tables of a preset, unchecked, by name or path; raises PresetError.

    Paths in a file are taken from the file's folder.
    """
    text = read_text(name)
    try:
        table = read_toml(text)
    except ValueError as error:
        raise PresetError(name, f"is not TOML: {error}") from None
    if name not in names():
        anchor_paths(table, Path(name).resolve().parent)
    return table


def lay_over(table: dict[str, Any], settings: Sequence[str]) -> Preset:
    """Apply `key=value` settings to a table, in place, and validate it; raises PresetError."""
    return lay_values(table, [read_setting(setting) for setting in settings])


def lay_values(table: dict[str, Any], values: Sequence[tuple[str, Any]]) -> Preset:
    """Apply (key, value) pairs to a table, in place, and validate it; raises PresetError."""
    drop_replaced(table, dict(values))
    for key, value in values:
        _put(table, key, value)
    return check(table)


def with_settings(settings: Sequence[str]) -> Preset:
    """Make a preset of the defaults, those of the 2015 program, and settings."""
    return lay_over({}, settings)


def sets(settings: Sequence[str], key: str) -> bool:
    """Test whether one of the `key=value` settings is for the key."""
    return any(setting.partition("=")[0].strip() == key for setting in settings)


def is_of_look(setting: str) -> bool:
    """Test whether a `key=value` is for an option that looks set."""
    group, _, key = setting.partition("=")[0].strip().partition(".")
    return group == "dream" and key in SHAPING


def check(table: dict[str, Any]) -> Preset:
    """Validate a table; raises PresetError with its first error."""
    try:
        return Preset.model_validate(table)
    except ValidationError as error:
        raise explain(error) from None


def anchor_paths(table: dict[str, Any], folder: Path) -> None:
    """Resolve the relative paths in a preset's table against a folder, in place."""

    def anchored(value: object, key: str) -> object:
        if (key == "mask" and value in WORDS) or (key in ("direction", "name") and is_name(value)):
            return value
        if key in ("like", "of") and is_scene(value):
            return value
        if isinstance(value, str) and is_url(value):
            return value  # to be refused
        if isinstance(value, str):  # empty stays empty, to be refused; ~ is expanded later
            return str(folder / value) if value and value[0] != "~" else value
        if isinstance(value, list):
            return [anchored(item, key) for item in value]
        if isinstance(value, dict):
            inner = value.keys() & {"path", "mask", "of", "name"}
            return value | {key: anchored(value[key], key) for key in inner}
        return value

    for group, key in PATHS:
        options = table.get(group)
        if isinstance(options, dict) and key in options:
            options[key] = anchored(options[key], key)


def read_setting(setting: str) -> tuple[str, Any]:
    """Parse `key=value` into a pair; the value is TOML, or else plain text. Raises PresetError."""
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        problem = f"{quote(setting)} is not KEY=VALUE"
        raise PresetError("--set", problem, "such as dream.octaves=6")
    try:
        return key.strip(), read_toml(f"value = {text}")["value"]
    except ValueError:
        return key.strip(), text.strip()


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    """Set one option of a table, and leave out those that it replaces; raises PresetError."""
    *groups, last = key.split(".")
    if not all((*groups, last)):
        raise PresetError("--set", f"{quote(key)} is not a key", "such as dream.octaves")
    inner = table
    for group in groups:
        inner = inner.setdefault(group, {})
        if not isinstance(inner, dict):
            raise PresetError("--set", f"{key}: {group} is not a table")
    if groups == ["video"] and last in ("frames", "seconds"):
        inner.pop("seconds" if last == "frames" else "frames", None)
    if (groups, last) == (["sound"], "path"):
        inner.pop("bpm", None)  # a sound has its own beat, unless a later setting gives one
    if (groups, last) == (["start"], "path"):
        footage = inner.get("kind") == "video" or _is_footage(str(value))
        inner["kind"] = "video" if footage else "image"
    inner[last] = value


def _is_footage(path: str) -> bool:
    """Tell a film by its suffix, or a folder or pattern of pictures."""
    return path.lower().endswith(VIDEOS) or (
        os.path.isdir(path) or (not os.path.exists(path) and is_pattern(Path(path)))
    )


def explain(error: ValidationError, kind: type[BaseModel] = Preset) -> PresetError:
    """Turn pydantic's first error into a PresetError. `kind`: the model that was validated."""
    first, *others = error.errors(include_url=False)
    # Pydantic numbers the items of lists; a reader wants dream.layers[1].weight.
    option = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]
    ).lstrip(".")
    if first["type"] == "extra_forbidden":
        return PresetError(option, "no such option", suggest(*_siblings(first["loc"], kind)))
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if isinstance(first["input"], str | int | float | list | tuple):
        message += f", got {quote(first['input'])}"
    if others:
        message += f"; and {len(others)} more"
    return PresetError(option or kind.__name__.lower(), message)


def _siblings(location: tuple[int | str, ...], kind: type[BaseModel]) -> tuple[str, list[str]]:
    """Find the unknown key, and the keys of its table."""
    for part in location[:-1]:
        field = kind.model_fields.get(str(part))
        kind = next(_tables(field.annotation), kind) if field else kind
    fields = kind.model_fields.items()
    return str(location[-1]), [field.alias or name for name, field in fields]


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the tables that an option's type contains, in lists and unions too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables(part)
