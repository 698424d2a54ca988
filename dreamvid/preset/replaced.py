"""Options of a preset that settings on top of it replace."""

from collections.abc import Mapping
from typing import Any, get_args

from dreamvid.preset.looks import SHAPING
from dreamvid.preset.objectives import GUIDED
from dreamvid.preset.start import Scene

IDLE_COLOURS = {
    "none": ("strength", "like", "contrast", "saturation"),
    "mean": ("contrast", "saturation"),
}
"""Options of [colour] without effect, by `keep`."""

GENERATED = ("noise", *get_args(Scene))
"""Kinds of start pictures that need no file."""


def drop_replaced(table: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Remove from a preset's table, in place, what has no effect with settings by key."""
    if "dream.look" in given:  # which replaces the preset's
        _drop_looks(table)
    _drop_direction(table, given)
    _drop_objective(table, given)
    _drop_colours(table, given)
    _drop_file(table, given)


def _drop_looks(table: dict[str, Any]) -> None:
    dream = table.get("dream")
    if isinstance(dream, dict):
        table["dream"] = {key: value for key, value in dream.items() if key not in SHAPING}


def _drop_direction(table: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Remove a preset's direction where settings give layers, guides or an objective instead.

    A direction in the settings removes the layers, which were chosen for something else.
    """
    dream = table.get("dream")
    if not isinstance(dream, dict):
        return
    directed = values.get("dream.direction", "none") not in ("none", None, [])
    objective = values.get("dream.objective", "direction")
    if directed and "dream.layers" not in values:
        for key in ("layers", "tour", "objective", "guide"):
            dream.pop(key, None)
    elif directed:
        return
    elif values.keys() & {"dream.layers", "dream.guide"} or objective != "direction":
        dream.pop("direction", None)


def _drop_colours(table: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Remove a preset's colour options that have no effect with the settings' `keep`."""
    if isinstance(colour := table.get("colour"), dict):
        for key in IDLE_COLOURS.get(str(values.get("colour.keep")), ()):
            colour.pop(key, None)


def _drop_objective(table: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Remove a preset's objective where settings take away the guides or directions it needs."""
    dream = table.get("dream")
    if isinstance(dream, dict) and "dream.objective" not in values:
        needs = dict.fromkeys(GUIDED, "dream.guide") | {"direction": "dream.direction"}
        key = needs.get(str(dream.get("objective")), "")
        if key in values and values[key] in (None, [], (), "none"):
            del dream["objective"]


def _drop_file(table: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Remove a preset's start picture or footage where settings choose a generated one."""
    if values.get("start.kind") in GENERATED and isinstance(start := table.get("start"), dict):
        for key in ("path", "from", "to", "every"):
            start.pop(key, None)
