"""Functions and constants of expressions."""

import math
from collections.abc import Callable
from typing import NamedTuple

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}


def sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def frac(x: float) -> float:
    """Fractional part of x, in [0, 1) for negative x too."""
    return x % 1.0


def clamp(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def lerp(a: float, b: float, share: float) -> float:
    """Interpolate linearly from a to b, and extrapolate beyond [0, 1]."""
    return a + (b - a) * share


def smooth(x: float) -> float:
    """Smoothstep: 0 below 0, 1 above 1, with zero gradient at both."""
    x = clamp(x, 0, 1)
    return x * x * (3 - 2 * x)


def tri(x: float) -> float:
    """Triangle wave in step with sin(tau * x): 0 at 0, 1 at 1/4, -1 at 3/4."""
    return 1 - 4 * abs(frac(x + 0.25) - 0.5)


def pulse(x: float, sharpness: float = 4.0) -> float:
    """Pulse of 1 at every whole x, decaying to 0 before the next; faster if sharper."""
    return math.pow(1 - frac(x), sharpness)


def noise(x: float, seed: float = 0.0) -> float:
    """Value noise in [-1, 1]: random at every whole x, smoothstep in between.

    The whole part of the seed selects one noise out of 2**32.
    """
    cell = math.floor(x)
    key = _scramble(math.floor(seed))
    return lerp(_height(cell + key), _height(cell + 1 + key), smooth(x - cell))


def _height(cell: int) -> float:
    return _scramble(cell) / 2**31 - 1


def _scramble(number: int) -> int:
    """Hash to 32 bits: `lowbias32` of Chris Wellons, "Prospecting for Hash Functions" (2018)."""
    number = (number ^ 0x9E3779B9) & 0xFFFFFFFF  # otherwise 0 would map to 0
    number = (number ^ number >> 16) * 0x7FEB352D & 0xFFFFFFFF
    number = (number ^ number >> 15) * 0x846CA68B & 0xFFFFFFFF
    return number ^ number >> 16


def bits_of_both(a: float, b: float) -> float:
    return _whole(a) & _whole(b)


def bits_of_either(a: float, b: float) -> float:
    return _whole(a) | _whole(b)


def complement(number: float) -> float:
    return ~_whole(number)


def opposite(truth: float) -> float:
    return 1 - truth


def _whole(number: float) -> int:
    if number != int(number):
        raise ValueError(f"{number:g} is not whole")
    return int(number)


def trunc(x: float) -> float:
    return float(math.trunc(x))


def real(x: float) -> float:
    return x


def imag(x: float) -> float:
    return 0.0


class Function(NamedTuple):
    compute: Callable[..., float]
    least: int = 1  # arguments
    most: int = 1


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
    # numexpr's others, on real numbers
    "arcsin": Function(math.asin),
    "arccos": Function(math.acos),
    "arctan": Function(math.atan),
    "arctan2": Function(math.atan2, 2, 2),
    "sinh": Function(math.sinh),
    "cosh": Function(math.cosh),
    "tanh": Function(math.tanh),
    "arcsinh": Function(math.asinh),
    "arccosh": Function(math.acosh),
    "arctanh": Function(math.atanh),
    "log10": Function(math.log10),
    "log1p": Function(math.log1p),
    "expm1": Function(math.expm1),
    "fmod": Function(math.fmod, 2, 2),
    "trunc": Function(trunc),
    "conj": Function(real),
    "real": Function(real),
    "imag": Function(imag),
}
