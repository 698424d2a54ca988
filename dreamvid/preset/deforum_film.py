"""Film that Deforum's settings describe, while they become a preset's options."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from dreamvid.errors import quote
from dreamvid.preset.load import check
from dreamvid.schedule.curve import Curve
from dreamvid.schedule.deforum import is_deforum, parse_deforum
from dreamvid.schedule.expression import Expression
from dreamvid.schedule.moment import Moment
from dreamvid.schedule.parser import is_number, read_number

TRIED = 1000  # frames, at most, in which an imported schedule must have a value within its bounds
PAIRS = {"motion.shift": (0.0, 0.0), "motion.centre": (0.5, 0.5)}


class Converted(NamedTuple):
    """Options by dotted name, a place in a pair as a number at its end; and a remark on them."""

    options: dict[str, Any]
    remark: str = ""
    implied: frozenset[str] = frozenset()  # options that are not the setting's own


@dataclass
class Film:
    """Deforum's settings, and the preset's table so far."""

    settings: dict[str, Any]
    table: dict[str, Any] = field(default_factory=lambda: {"video": {"frames": 120}})

    @property
    def mode(self) -> str:
        return str(self.settings.get("animation_mode", "2D"))

    @property
    def frames(self) -> int:
        return self.table["video"]["frames"]

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.table.get("start", {}).get("size", "512x512").split("x")
        return int(width), int(height)

    def at(self, key: str, default: float) -> Callable[[int], float]:
        """Read a schedule as a function of the frame; raises ValueError."""
        curve = Curve(str(convert_schedule(self.settings.get(key, default))))
        return lambda frame: curve.at(self._moment(frame))

    def take(self, options: dict[str, Any]) -> None:
        """Set options; raises PresetError or ValueError, and sets none, where a film cannot."""
        table = deepcopy(self.table)
        for name, value in options.items():
            _set(table, name, value)
        preset = check(table)
        for name in options:
            group, option, *_place = f"{name}.".split(".")
            if group in ("motion", "colour"):
                self._try(getattr(getattr(preset, group), option))
        self.table = table

    def _try(self, value: Any) -> None:
        """Evaluate a schedule, or those of a pair, over the film; raises ValueError."""
        for curve in value if isinstance(value, tuple) else (value,):
            if isinstance(curve, Curve):
                for frame in range(0, self.frames, -(-self.frames // TRIED)):
                    curve.at(self._moment(frame))

    def _moment(self, frame: int) -> Moment:
        seed = self.table.get("seed", 0)
        return Moment(frame=frame, fps=Fraction(24), frames=self.frames, seed=seed)


def _set(table: dict[str, Any], name: str, value: Any) -> None:
    group, _, option = name.rpartition(".")
    if option.isdecimal():
        table_of, _, pair = group.partition(".")
        numbers = [*table.setdefault(table_of, {}).get(pair, PAIRS[group])]
        numbers[int(option)] = value
        table[table_of][pair] = numbers
    elif group:
        table.setdefault(group, {})[option] = value
    else:
        table[option] = value


def convert_schedule(
    value: Any, number: Callable[[float], float] = float, formula: str = "{}"
) -> float | str:
    """Convert the values of a schedule; a plain number if it is constant; raises ValueError.

    `number` converts a key's number, `formula` a formula, which takes the place of its braces.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"should be a schedule such as 0:(1), got {quote(value)}")
    if not isinstance(value, str) or is_number(value):
        return number(read_number(value))
    if not is_deforum(value):
        raise ValueError(f"should be a schedule such as 0:(1), got {quote(value)}")
    keys = parse_deforum(value)
    values = [one if isinstance(one, Expression) else number(one) for one in keys.values]
    first = values[0]
    if not isinstance(first, Expression) and all(one == first for one in values):
        return read_number(first)
    pairs = zip(keys.frames, values, strict=True)
    return ", ".join(f"{_frame(frame)}:{_text(one, formula)}" for frame, one in pairs)


def _frame(frame: float | Expression) -> str:
    return _in_parentheses(frame) if isinstance(frame, Expression) else str(int(frame))


def _text(value: float | Expression, formula: str) -> str:
    if not isinstance(value, Expression):
        return f"({value:.15g})"
    inner = _in_parentheses(value)
    return inner if formula == "{}" else f"({formula.replace('{}', inner)})"


def _in_parentheses(formula: Expression) -> str:
    """Write a formula on one line, inside parentheses, its own if all of it is inside these."""
    text = " ".join(formula.source.split())
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text if position == len(text) - 1 else f"({text})"
    return f"({text})"


def write_schedule(frames: list[int], values: list[float]) -> str:
    """Write a key for each frame, without those in the middle of a constant stretch."""
    last = len(values) - 1
    keys = [
        f"{frame}:({value:.12g})"
        for n, (frame, value) in enumerate(zip(frames, values, strict=True))
        if n in (0, last) or not values[n - 1] == value == values[n + 1]
    ]
    return keys[0] if len({*values}) == 1 else ", ".join(keys)
