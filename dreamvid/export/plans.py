"""What a file is made with, and what of it may be given up, in order, for a smaller file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that decides the bytes of an exported file, but its pictures."""

    size: tuple[int, int]  # (height, width)
    fps: Fraction
    codec: str | None = None  # a name of video.codecs.CODECS
    quality: int | None = None  # in the format's own measure: crf, colours, quality
    sound: int = 0  # bits a second; 0 for a silent file

    def but(self, **changes: Any) -> "Plan":
        return replace(self, **changes)

    def summary(self, measure: str) -> str:
        told = [dimensions(self.size), f"{rate(self.fps)} pictures a second"]
        return ", ".join([*told, *([] if self.quality is None else [f"{measure} {self.quality}"])])

    def changes(self, first: "Plan", measure: str) -> str:
        """What of `first` was given up, in one line; "" for nothing."""
        told = []
        if self.quality != first.quality:
            told.append(f"{measure} {first.quality} -> {self.quality}")
        if self.size != first.size:
            told.append(f"{dimensions(first.size)} -> {dimensions(self.size)}")
        if self.fps != first.fps:
            told.append(f"{rate(first.fps)} -> {rate(self.fps)} pictures a second")
        if self.sound != first.sound:
            told.append(f"sound {first.sound // 1000} -> {self.sound // 1000} kbit/s")
        return ", ".join(told)


SIZES = tuple(Fraction(n, 16) for n in (14, 12, 11, 10, 9, 8, 7, 6, 5, 4))  # of each side
RATES = (2, 3, 4)  # one picture in so many is kept
SMALLEST = 32  # pixels of the shorter side
SLOWEST = Fraction(6)  # pictures a second; below it is no film any more

SOUNDS = (192_000, 128_000, 96_000, 64_000)  # bits a second
SOUND_SHARE = Fraction(1, 8)  # of the bytes that a file may have


def ladder(
    first: Plan,
    worse: Sequence[int],
    *,
    slowest: Fraction | None = None,
    rate_first: bool = True,
    fixed_size: bool = False,
) -> list[list[Plan]]:
    """Step by step a lower rate and a smaller size; in each step `first`'s quality, then worse.

    Args:
        worse: qualities, falling.
        slowest: pictures a second, at least.
        rate_first: a lower rate before a smaller size; else after half of it.
        fixed_size: the size is not to change.
    """
    slower = [("fps", fps) for fps in _rates(first.fps, slowest or SLOWEST)]
    smaller = [("size", size) for size in ([] if fixed_size else _sizes(first.size))]
    half = 0 if rate_first else sum(2 * size[0] >= first.size[0] for _, size in smaller)
    steps = [first]
    for field, value in (*smaller[:half], *slower, *smaller[half:]):
        steps.append(steps[-1].but(**{field: value}))
    return [[step, *(step.but(quality=quality) for quality in worse)] for step in steps]


def sound_rate(wanted: int, limit: int | None, seconds: Fraction) -> int:
    """Bits a second of a sound that leaves most of the bytes to the pictures."""
    if not wanted or limit is None:
        return wanted
    room = limit * 8 * SOUND_SHARE / seconds
    rates = [one for one in (wanted, *SOUNDS) if one <= wanted]
    return next((one for one in rates if one <= room), min(rates))


def _sizes(size: tuple[int, int]) -> list[tuple[int, int]]:
    smaller = [tuple(even(side * share) for side in size) for share in SIZES]
    return [(height, width) for height, width in smaller if min(height, width) >= SMALLEST]


def _rates(fps: Fraction, slowest: Fraction) -> list[Fraction]:
    return [fps / part for part in RATES if fps / part >= max(slowest, SLOWEST)]


def rate(fps: Fraction) -> str:
    return f"{float(fps):.2f}".rstrip("0").rstrip(".")


def dimensions(size: tuple[int, int]) -> str:
    """WIDTHxHEIGHT of a (height, width)."""
    return f"{size[1]}x{size[0]}"


def even(side: float | Fraction) -> int:
    """The nearest even number of pixels, 2 or more, as chroma subsampling wants it."""
    return max(2, 2 * round(side / 2))
