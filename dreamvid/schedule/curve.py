"""Curve: a number that changes over the film, and the annotation of options that take one.

    zoom: Annotated[float | Curve, Bounds(ge=1e-6, le=1e6)] = 1.0

A preset gives a number, an expression, a Deforum schedule or a list of keyframes. A number stays
a number; anything else becomes a Curve, whose values are held to the same bounds.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from dreamvid.schedule.deforum import DeforumKeys, is_deforum, parse_deforum
from dreamvid.schedule.easing import EASES
from dreamvid.schedule.expression import Expression
from dreamvid.schedule.keyframes import MAX_KEYS, Key, Keyframes, read_keyframes
from dreamvid.schedule.moment import Moment
from dreamvid.schedule.parser import is_number, parse, read_number


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Limits of a number, constant or computed for a frame.

    As metadata of an `Annotated` option it validates and serialises numbers and curves. If `whole`,
    only whole numbers are taken, and computed values are rounded to the nearest.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    whole: bool = False

    def check(self, number: float) -> float:
        """Check a number and return it, an int if whole; raises ValueError in Pydantic's words."""
        if not math.isfinite(number):
            raise ValueError("should be a finite number")
        if self.whole and number != int(number):
            raise ValueError("should be a whole number")
        if self.ge is not None and number < self.ge:
            raise ValueError(f"should be greater than or equal to {self.ge:.15g}")
        if self.gt is not None and number <= self.gt:
            raise ValueError(f"should be greater than {self.gt:.15g}")
        if self.le is not None and number > self.le:
            raise ValueError(f"should be less than or equal to {self.le:.15g}")
        if self.lt is not None and number >= self.lt:
            raise ValueError(f"should be less than {self.lt:.15g}")
        return int(number) if self.whole else number

    def read(self, value: object) -> "float | Curve":
        """Parse the value of an option into a number or a Curve; raises ValueError."""
        if isinstance(value, Curve):
            return Curve(value.source, self)
        if isinstance(value, list | tuple):
            return Curve(read_keyframes(value).keys, self)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("should be a number, an expression or a list of keyframes")
        if isinstance(value, str) and not is_number(value):
            return Curve(value, self)
        return self.check(read_number(value))

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        write = core_schema.plain_serializer_function_ser_schema(_serialise)
        return core_schema.no_info_plain_validator_function(self.read, serialization=write)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        limits = {
            "minimum": self.ge,
            "exclusiveMinimum": self.gt,
            "maximum": self.le,
            "exclusiveMaximum": self.lt,
        }
        number = {"type": "integer" if self.whole else "number"}
        number |= {name: limit for name, limit in limits.items() if limit is not None}
        text = {"type": "string", "minLength": 1}
        return {"anyOf": [number, text, {"type": "array", **_KEYS_SCHEMA}]}


_NUMBER_OR_TEXT = {"type": ["number", "string"]}
_KEYS_SCHEMA = {
    "minItems": 1,
    "maxItems": MAX_KEYS,
    "items": {
        "type": "object",
        "properties": {
            "at": _NUMBER_OR_TEXT,
            "value": _NUMBER_OR_TEXT,
            "ease": {"enum": list(EASES), "default": "linear"},
        },
        "required": ["at", "value"],
        "additionalProperties": False,
    },
}


@dataclass(frozen=True)
class Curve:
    """Number for every frame; equal to another of the same source.

    The constructor parses the source; raises ValueError.
    """

    source: str | tuple[Key, ...]  # expression, Deforum schedule or keyframes of the preset
    bounds: Bounds = field(default=Bounds(), compare=False, repr=False)

    def __post_init__(self) -> None:
        for position, number in self._constants():
            try:
                self.bounds.check(number)
            except ValueError as error:
                raise ValueError(f"{position}is {number:g}; it {error}") from None

    @property
    def names(self) -> frozenset[str]:
        """Variables it uses; some of them need a sound."""
        return self._formula.names

    @property
    def cost(self) -> int:
        """Operations of an evaluation, at most."""
        formula = self._formula
        return formula.size if isinstance(formula, Expression) else formula.cost

    def at(self, moment: Moment) -> float:
        """Evaluate it at a moment, within the bounds, an int if whole; raises ValueError.

        Where it has no such value, the moment's `tried` one serves instead.
        """
        try:
            return self._at(moment)
        except ValueError:
            if moment.tried is None:
                raise
            return self._at(moment.tried)

    def _at(self, moment: Moment) -> float:
        try:
            value = self._compute(moment)
            if self.bounds.whole and math.isfinite(value):
                value = round(value)
        except ValueError as error:
            raise ValueError(f"at frame {moment.frame}: {error}") from None
        try:
            return self.bounds.check(value)
        except ValueError as error:
            raise ValueError(f"is {value + 0.0:g} at frame {moment.frame}; it {error}") from None

    @cached_property
    def _formula(self) -> Expression | Keyframes | DeforumKeys:
        if not isinstance(self.source, str):
            return read_keyframes(self.source)
        return parse_deforum(self.source) if is_deforum(self.source) else parse(self.source)

    def _compute(self, moment: Moment) -> float:
        if isinstance(self._formula, Expression):
            return self._formula.compute(moment.value)
        return self._formula.compute(moment)

    def _constants(self) -> Iterator[tuple[str, float]]:
        """Yield (position, number) of each constant: these are checked before there is a film."""
        if not isinstance(self._formula, Expression):
            yield from self._formula.constants
        elif not self._formula.names:
            yield "", self._formula.compute({}.__getitem__)


def value_at(number: float | Curve, moment: Moment) -> float:
    """Evaluate an option, a number or a Curve, at a moment; raises ValueError."""
    return number.at(moment) if isinstance(number, Curve) else number


def _serialise(value: Any) -> Any:
    """Convert a number or a Curve to plain TOML or JSON values."""
    if not isinstance(value, Curve):
        return value
    return value.source if isinstance(value.source, str) else [key.table for key in value.source]
