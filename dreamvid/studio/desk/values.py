"""Values of a preset's settings by key, items of short lists included."""

from functools import cache
from typing import Any

from dreamvid.preset.base import Options
from dreamvid.preset.schema import Preset
from dreamvid.studio.desk.keys import bounds_of


def values_of(preset: Preset) -> dict[str, Any]:
    """List every setting's value, as in a preset's file, defaults included."""
    values: dict[str, Any] = {}
    for group, value in preset.model_dump(mode="json").items():
        if not _is_table(group):
            values[group] = value
            continue
        for option, inner in value.items():
            values[f"{group}.{option}"] = inner
            if _has_items(group, option):
                values |= {f"{group}.{option}[{n}]": item for n, item in enumerate(inner)}
    return values


@cache
def _is_table(group: str) -> bool:
    return isinstance(Preset.model_fields[group].default, Options)


@cache
def _has_items(group: str, option: str) -> bool:
    """Test for a pair of numbers, each of which may change over the film."""
    return bounds_of((group, option, 0)) is not None
