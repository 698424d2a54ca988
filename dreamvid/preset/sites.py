"""Export targets: the limits of sites and devices, from targets.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from dreamvid.errors import PresetError, quote, suggest

Fit = Literal["auto", "crop", "pad"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Limits of a site or device, and the form it takes films in."""

    name: str
    about: str
    format: str  # of the file: how its name ends, without the dot
    codec: str | None  # a name of CODECS; None for animated images
    sizes: tuple[tuple[int, int], ...]  # (width, height): one of these exactly; () for any
    within: tuple[int, int] | None  # (width, height): no side may be longer
    fill: bool  # scale the film up to `within`
    fit: Fit  # how another aspect ratio is fitted
    fps: tuple[Fraction, Fraction] | None  # lowest, highest
    seconds: tuple[Fraction, Fraction] | None  # shortest, longest
    limit: int | None  # bytes
    bit_rate: int | None  # bits a second at most, on average
    sound: int  # bits a second; 0 for a silent film
    checked: date
    source: str

    @property
    def suffix(self) -> str:
        return f".{self.format}"

    def size_for(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """Choose the size whose aspect ratio is nearest to another; both (width, height)."""
        return min(self.sizes, key=lambda one: _unlike(one, size), default=None)

    def most_bytes(self, seconds: Fraction) -> int | None:
        """Largest size in bytes of a film of this length; None for no limit."""
        rated = None if self.bit_rate is None else int(self.bit_rate * seconds / 8)
        return min((n for n in (self.limit, rated) if n is not None), default=None)


@cache
def targets() -> Mapping[str, Target]:
    """Read all targets, by name, in the file's order."""
    text = (files("dreamvid.preset") / "targets.toml").read_text("utf-8")
    return {name: _target(name, entry) for name, entry in tomllib.loads(text).items()}


def find(name: str, option: str = "--for") -> Target:
    """Look up a target; raises PresetError naming the option, with the nearest name."""
    known = targets()
    if name not in known:
        problem = f"no target is called {quote(name)}"
        raise PresetError(option, problem, f"{suggest(name, known)}; see `dreamvid export --list`")
    return known[name]


def check_target(name: str) -> str:
    """Check a target's name and return it; raises ValueError with the nearest name."""
    if name not in targets():
        raise ValueError(f"no target is called {quote(name)}; {suggest(name, targets())}")
    return name


def in_words(count: int) -> str:
    """Format a number of bytes as limits are usually given."""
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count / 1000:.4g} kB"


def _target(name: str, entry: dict[str, Any]) -> Target:
    sizes = tuple(_size(text) for text in entry.pop("sizes", ()))
    within = _size(entry.pop("within")) if "within" in entry else None
    ranges = {key: _range(entry.pop(key, None)) for key in ("fps", "seconds")}
    defaults = {"codec": None, "fill": False, "fit": "auto", "limit": None, "bit_rate": None}
    return Target(name=name, sizes=sizes, within=within, **ranges, **(defaults | entry))


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def _range(numbers: list[float] | None) -> tuple[Fraction, Fraction] | None:
    return None if numbers is None else (Fraction(numbers[0]), Fraction(numbers[1]))


def _unlike(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Compute the ratio of two aspect ratios, at least 1."""
    ratio = one[0] * other[1] / (one[1] * other[0])
    return max(ratio, 1 / ratio)
