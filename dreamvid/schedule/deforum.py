"""Deforum schedules: "0:(1.02), 60:(1 + 0.1*sin(t/10))".

As in Deforum's `get_inbetweens`: a number is interpolated linearly to the next key, a formula is
evaluated in every frame up to the next key. In formulas t is the index of the frame and max_f
that of the last one. Deforum's seed, s, is not supported.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from dreamvid.errors import quote
from dreamvid.schedule.expression import Expression, ExpressionError, Variables
from dreamvid.schedule.keyframes import MAX_KEYS, MAX_TIME
from dreamvid.schedule.moment import Moment
from dreamvid.schedule.parser import is_number, parse

MAX_LENGTH = 50_000  # characters, all keys together
VARIABLES = ("t", "max_f")
_KEY = re.compile(r"\s*([0-9]{1,9})\s*:\s*")
_START = re.compile(r"\s*[0-9]+\s*:")


def is_deforum(text: str) -> bool:
    return _START.match(text) is not None


@dataclass(frozen=True, eq=False)
class DeforumKeys:
    """Keys in order of time; constant before the first and after the last."""

    frames: tuple[int, ...]
    values: tuple[Expression, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(value.names for value in self.values))

    @property
    def constants(self) -> Iterator[tuple[str, float]]:
        """Yield (key, number) of each value that is a plain number."""
        for frame, value in zip(self.frames, self.values, strict=True):
            if _is_number(value):
                yield f"frame {frame}: value ", value.compute(_variables(frame, 1))

    def compute(self, moment: Moment) -> float:
        """Evaluate it at a moment; raises ValueError."""
        before = bisect_right(self.frames, moment.frame) - 1
        if before < 0:
            return self._value(0, self.frames[0], moment)
        if before == len(self.frames) - 1 or not _is_number(self.values[before]):
            return self._value(before, moment.frame, moment)
        start, end = self.frames[before : before + 2]
        first, last = self._value(before, start, moment), self._value(before + 1, end, moment)
        return first + (last - first) * (moment.frame - start) / (end - start)

    def _value(self, number: int, frame: int, moment: Moment) -> float:
        return self.values[number].compute(_variables(frame, moment.frames))


def _variables(frame: int, frames: int) -> Variables:
    values = {"t": float(frame), "max_f": float(frames - 1)}
    return values.__getitem__


def parse_deforum(text: str) -> DeforumKeys:
    """Parse a schedule; raises ExpressionError with the column in the whole text."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH + 1, f"longer than {MAX_LENGTH} characters")
    columns, frames, values = zip(*_keys(text), strict=True)
    for column, (frame, later) in zip(columns[1:], pairwise(frames), strict=True):
        if frame >= later:
            raise ExpressionError(column, f"frame {later} is not after frame {frame}")
    return DeforumKeys(frames, values)


def _keys(text: str) -> Iterator[tuple[int, int, Expression]]:
    """Yield the column, frame and formula of each key."""
    for count, (start, end) in enumerate(_parts(text), 1):
        if count > MAX_KEYS:
            raise ExpressionError(start + 1, f"more than {MAX_KEYS} keys")
        match = _KEY.match(text, start, end)
        if match is None or int(match[1]) > MAX_TIME:
            problem = f"should be a key such as 60:(1.1), got {quote(text[start:end])}"
            raise ExpressionError(start + 1, problem)
        formula = parse(text[match.end() : end].rstrip(), VARIABLES, match.end() + 1)
        yield start + 1, int(match[1]), formula


def _is_number(value: Expression) -> bool:
    return is_number(value.source.strip().removeprefix("(").removesuffix(")"))


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Split at the commas outside of parentheses: yield (start, end) of each key."""
    start = depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            yield start, position
            start = position + 1
    if text[start:].strip():
        yield start, len(text)
