"""Keyframes: values at given times, with easing in between."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from dreamvid.errors import quote, suggest
from dreamvid.schedule.easing import EASES
from dreamvid.schedule.expression import Expression
from dreamvid.schedule.moment import Moment
from dreamvid.schedule.parser import NUMBER, is_number, parse, read_number

MAX_KEYS = 1000
MAX_TIME = 1e9  # in any unit

_TIME = re.compile(rf"([+-]?{NUMBER})\s*([sf%b]?)")
_EXPECTED = 'seconds, or a text such as "2.5s", "60f", "50%" or "4b"'


class Time(NamedTuple):
    """Position on the time line; its frame depends on the film."""

    amount: float
    unit: str  # s: seconds; f: frames; %: of the film; b: beats

    def frame(self, moment: Moment) -> float:
        """Convert to frames of a moment's film; raises ValueError where beats are unknown."""
        if self.unit == "f":
            return self.amount
        if self.unit == "%":
            return self.amount / 100 * (moment.frames - 1)
        if self.unit == "s":
            return self.amount * float(moment.fps)
        if not moment.bpm:
            raise ValueError(f"{self.amount:g}b: times in beats need sound.bpm")
        return self.amount * 60 / moment.bpm * float(moment.fps)


@dataclass(frozen=True)
class Key:
    """Keyframe as written in a preset."""

    at: float | str
    value: float | str
    ease: str = "linear"

    @property
    def table(self) -> dict[str, float | str]:
        """Plain TOML or JSON table of it."""
        table = {"at": self.at, "value": self.value}
        return table if self.ease == "linear" else {**table, "ease": self.ease}


def read_key(table: object) -> Key:
    """Validate a keyframe's table; raises ValueError."""
    if isinstance(table, Key):
        return table
    if not isinstance(table, dict):
        raise ValueError(f"should be a table such as {{at = 2.5, value = 1}}, got {quote(table)}")
    for name in table:
        if name not in ("at", "value", "ease"):
            hint = suggest(str(name), ("at", "value", "ease"))
            raise ValueError(f"no such entry {quote(name)}; {hint}")
    for name in ("at", "value"):
        if name not in table:
            raise ValueError(f"{name} is missing")
        if isinstance(table[name], bool) or not isinstance(table[name], int | float | str):
            raise ValueError(f"{name} should be a number or a text, got {quote(table[name])}")
    ease = table.get("ease", "linear")
    if not isinstance(ease, str) or ease not in EASES:
        raise ValueError(f"no such ease {quote(ease)}; {suggest(str(ease), EASES)}")
    return Key(table["at"], table["value"], ease)


@lru_cache(maxsize=4096)  # a recorded list is read anew for each key that is added
def read_time(at: float | str) -> Time:
    """Parse a key's `at`; raises ValueError."""
    amount, unit = at, "s"
    if isinstance(amount, str):
        match = _TIME.fullmatch(amount.strip())
        if match is None:
            raise ValueError(f"at should be {_EXPECTED}, got {quote(at)}")
        amount, unit = float(match[1]), match[2] or "s"
    if not abs(amount) <= MAX_TIME:
        raise ValueError(f"at should be within {MAX_TIME:g}, got {quote(at)}")
    return Time(float(amount), unit)


def read_value(value: float | str) -> float | Expression:
    """Parse a number, which may be written as text, or an expression; raises ValueError."""
    if isinstance(value, str) and not is_number(value):
        return parse(value)
    return read_number(value)


@dataclass(frozen=True, eq=False)
class Keyframes:
    """Keys in order of time; constant before the first and after the last."""

    keys: tuple[Key, ...]
    times: tuple[Time, ...]
    values: tuple[float | Expression, ...]

    @property
    def names(self) -> frozenset[str]:
        """Variables that its values use."""
        return frozenset().union(*(v.names for v in self.values if isinstance(v, Expression)))

    @property
    def cost(self) -> int:
        """Operations of an evaluation, at most."""
        return 2 * max((v.size for v in self.values if isinstance(v, Expression)), default=1)

    @property
    def constants(self) -> Iterator[tuple[str, float]]:
        """Yield (key, number) of each value that is a plain number."""
        for number, value in enumerate(self.values, 1):
            if not isinstance(value, Expression):
                yield f"key {number}: value ", value

    def compute(self, moment: Moment) -> float:
        """Evaluate it at a moment; raises ValueError, also for keys that are not in order there."""
        frames = _frames(self, moment.fps, moment.frames, moment.bpm)
        before = max(0, bisect_right(frames, moment.frame) - 1)
        value = self._value(before, moment)
        if moment.frame <= frames[before] or before == len(frames) - 1:
            return value
        share = (moment.frame - frames[before]) / (frames[before + 1] - frames[before])
        eased = EASES[self.keys[before].ease](share)
        return value + (self._value(before + 1, moment) - value) * eased if eased else value

    def _value(self, number: int, moment: Moment) -> float:
        value = self.values[number]
        return value.compute(moment.value) if isinstance(value, Expression) else value


def read_keyframes(tables: Sequence[object]) -> Keyframes:
    """Parse a list of tables into keyframes; raises ValueError that names the key."""
    if not 1 <= len(tables) <= MAX_KEYS:
        raise ValueError(f"a list of keys has 1 to {MAX_KEYS}, got {len(tables)}")
    keys, times, values = zip(*_read_each(tables), strict=True)
    for number, (time, later) in enumerate(pairwise(times), 1):
        if time.unit == later.unit and time.amount >= later.amount:
            raise ValueError(_disorder(keys, number))
    return Keyframes(keys, times, values)


def _read_each(tables: Sequence[object]) -> Iterator[tuple[Key, Time, float | Expression]]:
    for number, table in enumerate(tables, 1):
        try:
            key = read_key(table)
            yield key, read_time(key.at), read_value(key.value)
        except ValueError as error:
            raise ValueError(f"key {number}: {error}") from None


@lru_cache(maxsize=256)
def _frames(
    keyframes: Keyframes, fps: Fraction, frames: int, bpm: float | None
) -> tuple[float, ...]:
    """Convert the keys' times to frames of a film; raises ValueError."""
    moment = Moment(frame=0, fps=fps, frames=frames, bpm=bpm)
    times = tuple(time.frame(moment) for time in keyframes.times)
    for number, (time, later) in enumerate(pairwise(times), 1):
        if time >= later:
            raise ValueError(_disorder(keyframes.keys, number))
    return times


def _disorder(keys: Sequence[Key], number: int) -> str:
    first, second = (quote(key.at) for key in keys[number - 1 : number + 1])
    return f"key {number + 1}: its time, {second}, is not after that of key {number}, {first}"
