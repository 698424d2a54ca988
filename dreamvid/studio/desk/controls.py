"""Controls: every setting of a preset, described for people, from the JSON schema of presets.

A new option of the schema is a control at once; the tables of `sliders` make some better.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from dreamvid.preset.schema import Preset
from dreamvid.studio.desk.sliders import GROUPS, RANGES, SIMPLE, UNITS
from dreamvid.studio.protocol import Control, ControlGroup

Schema = dict[str, Any]

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@cache
def control_groups() -> tuple[ControlGroup, ...]:
    """Make the controls of all settings, those that belong together in one group."""
    controls = {control.key: control for control in _controls()}
    groups = []
    for name, title, keys in GROUPS:
        wanted = [key for key in keys if key in controls]
        wanted = wanted or [key for key in controls if key.partition(".")[0] == name]
        members = [controls.pop(key) for key in wanted]
        groups.append(ControlGroup(name=name, title=title, controls=members))
    rest: dict[str, list[Control]] = {}
    for key, control in controls.items():  # options that are newer than the tables
        rest.setdefault(key.partition(".")[0], []).append(control)
    for name, members in rest.items():
        title = f"{_title(name)}, more"
        groups.append(ControlGroup(name=f"{name}-more", title=title, controls=members))
    return tuple(groups)


def _controls() -> Iterator[Control]:
    schema = Preset.model_json_schema()
    for name, field in schema["properties"].items():
        if "$ref" not in field:
            yield _control(name, field)
            continue
        table = schema["$defs"][field["$ref"].rpartition("/")[2]]
        for option, inner in table["properties"].items():
            yield _control(f"{name}.{option}", inner)


def _control(key: str, field: Schema) -> Control:
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    pair = field.get("prefixItems", [])
    number = _number(pair[0] if pair else field)
    control = Control(
        key=key,
        title=_title(key),
        help=field.get("description", ""),
        kind="number" if number else _kind(kinds, field.get("default")),
        default=field.get("default"),
        simple=key in SIMPLE,
        scheduled=any(map(_takes_keyframes, pair[0]["anyOf"] if pair else kinds)),
        items=len(pair),
        choices=next((kind["enum"] for kind in kinds if "enum" in kind), []) if not number else [],
    )
    return _with_range(control, number) if number else control


def _number(field: Schema) -> Schema | None:
    """Find the schema of a number, or of a choice of numbers; None for other types."""
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    number = kinds[0]
    if number.get("type") not in ("number", "integer"):
        return None
    if len(kinds) > 1 and not any(map(_takes_keyframes, kinds)):  # such as a number or a name
        return None
    if "enum" in number:
        return {**number, "minimum": min(number["enum"]), "maximum": max(number["enum"])}
    return number


def _kind(kinds: list[Schema], default: Any) -> Any:
    """Choose the kind of what is no number."""
    types = {str(kind.get("type")) for kind in kinds}
    if len(kinds) == 1 and "enum" in kinds[0]:
        return "choice"
    if types == {"boolean"}:
        return "bool"
    if types & {"array", "object"} or {"string"} < types:
        return "list"
    if isinstance(default, str) and _COLOUR.fullmatch(default):
        return "colour"
    return "size" if r"\d+x\d+" in kinds[0].get("pattern", "") else "text"


def _takes_keyframes(kind: Schema) -> bool:
    return "at" in kind.get("items", {}).get("properties", {})


def _with_range(control: Control, number: Schema) -> Control:
    """Add a number's limits, its unit, and the ends of its slider."""
    least = number.get("minimum", number.get("exclusiveMinimum"))
    most = number.get("maximum", number.get("exclusiveMaximum"))
    low, high = RANGES.get(control.key) or _range(control.default, least, most)
    text = control.help
    unit = UNITS.get(control.key)
    if unit is None:
        unit = next((short for words, short in UNITS.items() if words in text), "")
    changes = {"least": least, "most": most, "low": low, "high": high, "unit": unit}
    return control.model_copy(update={**changes, "whole": number["type"] == "integer"})


def _range(default: Any, least: float | None, most: float | None) -> tuple[float, float]:
    """Choose the ends of a slider by the default, within the limits."""
    usual = default[0] if isinstance(default, list) else default
    far = max(4 * abs(usual), 1.0) if isinstance(usual, int | float) else 100.0
    low = -far if least is None or least < -far else least
    high = far if most is None or most > 4 * far else most
    return low, high if high > low else low + 1


def _title(key: str) -> str:
    words = key.rpartition(".")[2].replace("_", " ")
    return words[0].upper() + words[1:]
