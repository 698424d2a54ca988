"""The functions and constants that expressions may use."""

import math
from collections.abc import Callable
from typing import NamedTuple

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}


def sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def frac(x: float) -> float:
    """What x has above the whole number below it: from 0 to 1."""
    return x % 1.0


def clamp(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def lerp(a: float, b: float, share: float) -> float:
    """a at share 0, b at share 1, and on beyond them."""
    return a + (b - a) * share


def smooth(x: float) -> float:
    """Smoothstep: 0 up to 0, 1 from 1 on, and level at both."""
    x = clamp(x, 0, 1)
    return x * x * (3 - 2 * x)


def tri(x: float) -> float:
    """sin(tau * x) in straight lines: 0 at 0, 1 at 1/4, -1 at 3/4."""
    return 1 - 4 * abs(frac(x + 0.25) - 0.5)


def pulse(x: float, sharpness: float = 4.0) -> float:
    """1 at every whole x, dying away before the next; the sharper, the sooner."""
    return math.pow(1 - frac(x), sharpness)


def noise(x: float, seed: float = 0.0) -> float:
    """Value noise from -1 to 1: another height at every whole x, smooth between them.

    Args:
        seed: its whole part chooses one noise out of 2**32.
    """
    cell = math.floor(x)
    key = _scramble(math.floor(seed))
    return lerp(_height(cell + key), _height(cell + 1 + key), smooth(x - cell))


def _height(cell: int) -> float:
    return _scramble(cell) / 2**31 - 1


def _scramble(number: int) -> int:
    """A 32-bit hash: `lowbias32` of Chris Wellons, "Prospecting for Hash Functions" (2018)."""
    number = (number ^ 0x9E3779B9) & 0xFFFFFFFF  # or else 0 would stay 0
    number = (number ^ number >> 16) * 0x7FEB352D & 0xFFFFFFFF
    number = (number ^ number >> 15) * 0x846CA68B & 0xFFFFFFFF
    return number ^ number >> 16


class Function(NamedTuple):
    compute: Callable[..., float]
    least: int = 1
    """Arguments it needs."""
    most: int = 1
    """Arguments it takes."""


FUNCTIONS = {
    "sin": Function(math.sin),
    "cos": Function(math.cos),
    "tan": Function(math.tan),
    "sqrt": Function(math.sqrt),
    "exp": Function(math.exp),
    "log": Function(math.log),
    "abs": Function(math.fabs),
    "floor": Function(math.floor),
    "ceil": Function(math.ceil),
    "round": Function(round),
    "sign": Function(sign),
    "frac": Function(frac),
    "min": Function(min, 2, 8),
    "max": Function(max, 2, 8),
    "clamp": Function(clamp, 3, 3),
    "lerp": Function(lerp, 3, 3),
    "smooth": Function(smooth),
    "tri": Function(tri),
    "pulse": Function(pulse, 1, 2),
    "noise": Function(noise, 1, 2),
}
