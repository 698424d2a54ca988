"""Keys of settings: "motion.zoom", "motion.centre[0]", "dream.direction[1].weight".

A path is a key's parts, ("motion", "centre", 0). Its first one or two are the option, which is
written as a preset's user writes it; what lies inside an option is written in full, as tables.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamvid.errors import PresetError, suggest
from dreamvid.preset.base import Options
from dreamvid.preset.load import anchor_paths, check, lay_values
from dreamvid.preset.schema import Preset
from dreamvid.schedule.curve import Bounds

Parts = tuple[str | int, ...]

_PART = re.compile(r"\.?([a-z_]+)|\[(\d{1,4})\]")
_KEY = re.compile(r"[a-z_]+(?:\.[a-z_]+|\[\d{1,4}\])*")


def read_key(key: str) -> Parts:
    """Parse a key; raises PresetError."""
    if not _KEY.fullmatch(key):
        raise PresetError(key[:80], "is not a key", "such as motion.zoom or motion.centre[0]")
    return tuple(name or int(number) for name, number in _PART.findall(key))


def write_key(path: Parts) -> str:
    """Write a path as a key."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).lstrip(".")


def option_of(path: Parts) -> tuple[str, ...]:
    """Cut a path to its option: ("motion", "zoom"), or ("seed",) outside of tables."""
    group = str(path[0])
    field = Preset.model_fields.get(group)
    if field is None:
        cure = suggest(group, Preset.model_fields)
        raise PresetError(write_key(path), "no such option", cure)
    return (group, *map(str, path[1:2])) if _table(field.annotation) else (group,)


def get_value(preset: Preset, path: Parts) -> Any:
    """Look up the value of a key, as in the preset; raises PresetError where it has none."""
    value: Any = preset
    for part in path:
        try:
            value = value[part] if isinstance(part, int) else getattr(value, part)
        except (LookupError, TypeError, AttributeError):
            raise _missing(path) from None
    return value


def put_values(table: dict[str, Any], preset: Preset, values: Mapping[Parts, Any]) -> Preset:
    """Set keys in a preset's table, in place, and validate it; raises PresetError.

    Options replace others as `--set` does; what lies inside an option replaces nothing. None
    removes an entry of a table. Relative paths are taken from the current folder.
    """
    options = {path: option_of(path) for path in values}
    whole = {path: values[path] for path, option in options.items() if path == option}
    if whole:
        pairs = [(write_key(path), _anchored(options[path], one)) for path, one in whole.items()]
        preset = lay_values(table, pairs)
    for path, value in values.items():
        if path not in whole:
            preset = _put_inside(table, preset, path, value)
    return preset


def _put_inside(table: dict[str, Any], preset: Preset, path: Parts, value: Any) -> Preset:
    option = option_of(path)
    whole = in_full(preset, option)
    outer, last = find(whole, path, len(option)), path[-1]
    try:
        if value is None and not isinstance(last, int):
            outer.pop(last, None)
        else:
            outer[last] = value  # of a list an item that it has
    except (LookupError, TypeError, AttributeError):
        raise _missing(path) from None
    table.setdefault(option[0], {})[option[1]] = _anchored(option, whole)
    return check(table)


def find(whole: Any, path: Parts, depth: int) -> Any:
    """Find the list or table, inside an option in full, that has the last part of a path.

    `depth` is the number of parts of the option. Raises PresetError.
    """
    try:
        for part in path[depth:-1]:
            whole = whole[part]
    except (LookupError, TypeError):
        raise _missing(path) from None
    return whole


def _missing(path: Parts) -> PresetError:
    return PresetError(write_key(path), "the preset has no such setting")


def _anchored(option: tuple[str, ...], value: Any) -> Any:
    """Make the paths in an option's value absolute."""
    if len(option) < 2:
        return value
    group, key = option
    table = {group: {key: value}}
    anchor_paths(table, Path.cwd())
    return table[group][key]


def in_full(preset: Preset, option: tuple[str, ...]) -> Any:
    """Write an option as JSON, entries of lists as tables of what is set of them."""
    value = get_value(preset, option)
    if isinstance(value, Options):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, tuple) and value and isinstance(value[0], Options):
        return [one.model_dump(mode="json", exclude_unset=True) for one in value]
    table = preset.model_dump(mode="json", include=_only(option))
    for part in option:
        table = table[part]
    return deepcopy(table)


def _only(option: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = option
    return {first: {rest[0]} if rest else True}


def bounds_of(path: Parts) -> Bounds | None:
    """Find the bounds of a setting that may change over the film; None for one that may not."""
    kind: Any = Preset
    found: tuple[Any, ...] = ()
    for part in path:
        if isinstance(part, int):
            items = [one for one in _within(kind) if get_origin(one) is tuple]
            if not items:
                return None
            types = get_args(items[0])
            kind = types[0] if types[-1] is ... else types[min(part, len(types) - 1)]
            found = kind.__metadata__ if get_origin(kind) is Annotated else ()
        else:
            table = _table(kind)
            field: FieldInfo | None = table.model_fields.get(part) if table else None
            if field is None:
                return None
            kind, found = field.annotation, tuple(field.metadata)
    return next((one for one in found if isinstance(one, Bounds)), None)


def _table(kind: Any) -> type[BaseModel] | None:
    tables = (one for one in _within(kind) if isinstance(one, type) and issubclass(one, BaseModel))
    return next(tables, None)


def _within(kind: Any) -> Iterator[Any]:
    """Yield a type, and those that its unions and annotations are made of."""
    yield kind
    if get_origin(kind) is not tuple:
        for one in get_args(kind):
            yield from _within(one)
