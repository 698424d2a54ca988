"""Deforum schedules: "0:(1.02), (max_f/2):(1 + 0.1*sin(t/10))".

As in `parse_key_frames` and `get_inbetweens` of sd-webui-deforum: a number is interpolated linearly
to the next key, a formula is evaluated in every frame up to the next key. Keys come in any order,
the last one of a frame counts, and those that do not fall into the film are ignored. In formulas t
is the index of the frame, max_f that of the last one and s the seed; % has the sign of its left
side, as in numexpr. The levels of a sound, which Deforum lacks, are those of the present frame.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from dreamvid.errors import quote
from dreamvid.schedule.expression import Expression, ExpressionError, Variables
from dreamvid.schedule.moment import SOUND, Moment
from dreamvid.schedule.parser import NUMBER, is_number, parse

MAX_KEYS = 100_000
MAX_LENGTH = 4_000_000  # characters, all keys together
FRAME_VARIABLES = ("max_f", "s")
VARIABLES = ("t", *FRAME_VARIABLES, "beat", *SOUND)
_SIGNED = rf"[+-]?{NUMBER}"
_PLAIN = re.compile(rf"\s*([0-9]{{1,9}})\s*:\s*(?:\(\s*({_SIGNED})\s*\)|({_SIGNED}))\s*(?:,|$)")
_QUOTES = str.maketrans(dict.fromkeys("\"'\u2018\u2019\u201c\u201d", " "))
_MORE = re.compile(r"\s*\S")
_SPLIT = re.compile(r"[(),]")

Number = float | Expression


def is_deforum(text: str) -> bool:
    return ":" in text


@dataclass(frozen=True, eq=False)
class DeforumKeys:
    """Keys as written; constant before the first and after the last."""

    frames: tuple[Number, ...]
    values: tuple[Number, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(v.names for v in self.values if isinstance(v, Expression)))

    @property
    def cost(self) -> int:
        """Operations of an evaluation, at most."""
        return 2 * max((v.size for v in self.values if isinstance(v, Expression)), default=1)

    @property
    def constants(self) -> Iterator[tuple[str, float]]:
        """Yield (key, number) of each value that is a plain number."""
        for frame, value in zip(self.frames, self.values, strict=True):
            if not isinstance(value, Expression):
                at = frame.source.strip() if isinstance(frame, Expression) else f"{frame:g}"
                yield f"frame {at}: value ", value

    def compute(self, moment: Moment) -> float:
        """Evaluate it at a moment; raises ValueError."""
        frames, values = _keys_in_film(self, moment.frames, moment.seed)
        before = bisect_right(frames, moment.frame) - 1
        if before < 0:
            return _value(values[0], frames[0], moment)
        first = _value(values[before], moment.frame, moment)
        if before == len(frames) - 1 or isinstance(values[before], Expression):
            return first
        start, end = frames[before : before + 2]
        last = _value(values[before + 1], end, moment)
        return first + (last - first) * (moment.frame - start) / (end - start)


@lru_cache(maxsize=64)
def _keys_in_film(
    keys: DeforumKeys, count: int, seed: int
) -> tuple[tuple[int, ...], tuple[Number, ...]]:
    """Place the keys in a film of `count` frames, in order; the earliest if none falls into it."""
    variables = {"max_f": float(count - 1), "s": float(seed)}.__getitem__
    placed: dict[int, Number] = {}
    for frame, value in zip(keys.frames, keys.values, strict=True):
        number = frame.compute(variables) if isinstance(frame, Expression) else frame
        placed[int(number)] = value
    inside = sorted(frame for frame in placed if 0 <= frame < count) or [min(placed)]
    return tuple(inside), tuple(placed[frame] for frame in inside)


def _value(value: Number, frame: int, moment: Moment) -> float:
    if not isinstance(value, Expression):
        return value
    return value.compute(_variables(frame, moment))


def _variables(frame: int, moment: Moment) -> Variables:
    own = {"t": float(frame), "max_f": float(moment.frames - 1), "s": float(moment.seed)}
    return lambda name: own[name] if name in own else moment.value(name)


@lru_cache(maxsize=16)
def parse_deforum(text: str) -> DeforumKeys:
    """Parse a schedule; raises ExpressionError with the column in the whole text."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH + 1, f"longer than {MAX_LENGTH} characters")
    frames, values = zip(*_keys(_bare(text)), strict=True)
    return DeforumKeys(frames, values)


def _bare(text: str) -> str:
    """Blank out quotes, and the braces around all of a schedule; columns stay."""
    text = text.translate(_QUOTES)
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        start, end = text.index("{"), text.rindex("}")
        text = f"{text[:start]} {text[start + 1 : end]} {text[end + 1 :]}"
    return text


def _keys(text: str) -> Iterator[tuple[Number, Number]]:
    """Yield the frame and value of each key."""
    start = count = 0
    while start == 0 or _MORE.match(text, start):
        count += 1
        if count > MAX_KEYS:
            raise ExpressionError(start + 1, f"more than {MAX_KEYS} keys")
        plain = _PLAIN.match(text, start)
        if plain:
            yield float(plain[1]), float(plain[2] or plain[3])
            start = plain.end()
        else:
            end = _end(text, start)
            yield _key(text, start, end)
            start = end + 1


def _end(text: str, start: int) -> int:
    """Find the comma outside of parentheses that ends a key, or the end of the text."""
    depth = 0
    for match in _SPLIT.finditer(text, start):
        if match[0] == "," and depth <= 0:
            return match.start()
        depth += (match[0] == "(") - (match[0] == ")")
    return len(text)


def _key(text: str, start: int, end: int) -> tuple[Number, Number]:
    """Parse a key that has a formula, as its frame or as its value."""
    colon = text.find(":", start, end)
    if colon < 0:
        problem = f"should be a key such as 60:(1.1), got {quote(text[start:end])}"
        raise ExpressionError(start + 1, problem)
    frame = _number(text[start:colon], FRAME_VARIABLES, start + 1)
    return frame, _number(text[colon + 1 : end], VARIABLES, colon + 2)


def _number(text: str, variables: tuple[str, ...], column: int) -> Number:
    """Read a number, in any parentheses, or parse a formula."""
    formula = parse(text.rstrip(), variables, column, remainder=math.fmod)
    inner = text.strip()
    while inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1].strip()
    return formula.compute({}.__getitem__) if is_number(inner) else formula
