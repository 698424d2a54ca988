"""Changes of a preset's content: each makes a new one, and the old one stays as it was.

Functions raise PresetError, whose option is the key of the setting.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from dreamvid.errors import PresetError
from dreamvid.preset.load import LARGEST, check
from dreamvid.preset.looks import SHAPING
from dreamvid.preset.replaced import IDLE_COLOURS
from dreamvid.preset.schema import Preset
from dreamvid.schedule.parser import is_number
from dreamvid.studio.desk.history import Content
from dreamvid.studio.desk.keyframes import Moments, Value, record
from dreamvid.studio.desk.keys import (
    Parts,
    bounds_of,
    find,
    get_value,
    in_full,
    option_of,
    put_values,
    read_key,
    write_key,
)

_DREAMED = ("direction", "layers", "guide", "objective", "tour")
_BEGUN = ("kind", "path", "from", "to", "every")
TOGETHER: Mapping[str, tuple[str, ...]] = {
    **{f"dream.{key}": tuple(f"dream.{one}" for one in _DREAMED) for key in _DREAMED[:-1]},
    **dict.fromkeys(("start.kind", "start.path"), tuple(f"start.{key}" for key in _BEGUN)),
    **dict.fromkeys(("video.frames", "video.seconds"), ("video.frames", "video.seconds")),
    "dream.look": tuple(f"dream.{key}" for key in sorted(SHAPING)),
    "colour.keep": ("colour.keep", *(f"colour.{key}" for key in IDLE_COLOURS["none"])),
}
"""Options that replace each other when one is set, and are reset together."""


def set_value(content: Content, path: Parts, value: Any) -> Content:
    """Set a setting; a text that is a number counts as one where a text is refused."""
    try:
        return set_values(content, {path: value})
    except PresetError:
        if not isinstance(value, str) or not is_number(value):
            raise
        number = float(value)
        return set_values(content, {path: int(number) if number.is_integer() else number})


def set_values(content: Content, values: Mapping[Parts, Any]) -> Content:
    """Set settings, all or none of them."""
    table, preset = _copied(content.table), content.preset
    key = write_key(next(iter(values)))
    try:
        preset = put_values(table, preset, values)
    except PresetError as error:
        if len(values) == 1:
            error.option = key  # also where its whole table was refused
        raise
    return _bounded(Content(table, preset), key)


def reset_value(content: Content, opened: Content, path: Parts) -> Content:
    """Give a setting back what it had in the preset that was opened, or else its default."""
    option = option_of(path)
    if len(path) > len(option):
        return set_values(content, {path: _original(opened, path, option)})
    table = _copied(content.table)
    for key in TOGETHER.get(write_key(path), (write_key(path),)):
        _restore(table, opened.table, read_key(key))
    try:
        return Content(table, check(table))
    except PresetError as error:
        error.option = write_key(path)
        raise


def _restore(table: dict[str, Any], opened: dict[str, Any], path: Parts) -> None:
    *groups, last = map(str, path)
    for group in groups:
        table, opened = table.setdefault(group, {}), opened.get(group, {})
    if last in opened:
        table[last] = opened[last]
    else:
        table.pop(last, None)


def _original(opened: Content, path: Parts, option: tuple[str, ...]) -> Any:
    """Find an item's value in the preset that was opened; None: the default."""
    try:
        return find(in_full(opened.preset, option), path, len(option))[path[-1]]
    except (LookupError, TypeError, PresetError):
        if isinstance(path[-1], str):
            return None
        default = getattr(Preset.model_fields[option[0]].default, option[1])
        if not (isinstance(default, tuple) and path[-1] < len(default)):
            raise PresetError(write_key(path), "had no value to go back to") from None
        return default[path[-1]]


def set_over_time(
    content: Content, path: Parts, change: Callable[[Value], Any], *, only: str = ""
) -> Content:
    """Set a setting that may change over the film to what `change` makes of its value.

    `change` raises ValueError. `only` says why another setting is refused.
    """
    key = write_key(path)
    value = get_value(content.preset, path)
    if bounds_of(path) is None:
        raise PresetError(key, "cannot change over the film", only)
    try:
        new = change(value)
    except ValueError as error:
        raise PresetError(key, str(error)) from None
    return content if new is value else set_values(content, {path: new})


def record_value(
    content: Content, path: Parts, value: Any, frame: int, moments: Moments
) -> Content:
    """Set a setting from a frame on, and leave the frames before as they are."""
    only = "stop recording to change it for all of the film"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PresetError(write_key(path), "only a number or a formula can be recorded", only)
    change = lambda old: record(old, frame, value, moments)
    return set_over_time(content, path, change, only=only)


def _copied(table: dict[str, Any]) -> dict[str, Any]:
    """Copy a preset's tables; the values of options are only ever replaced."""
    return {key: {**one} if isinstance(one, dict) else one for key, one in table.items()}


def _bounded(content: Content, key: str) -> Content:
    if len(json.dumps(content.table)) > LARGEST:
        raise PresetError(key, "makes the preset too large", "have fewer keyframes")
    return content
