"""Encoding plans, and the ladder of plans for ever smaller files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything but its images that decides the bytes of an exported file."""

    size: tuple[int, int]  # (height, width)
    fps: Fraction
    codec: str | None = None  # a name of video.codecs.CODECS
    quality: int | None = None  # on the format's own scale: crf, colours, quality
    sound: int = 0  # bits per second; 0 for a silent file

    def summary(self, scale: str) -> str:
        parts = [dimensions(self.size), f"{format_number(self.fps)} pictures a second"]
        return ", ".join(parts if self.quality is None else [*parts, f"{scale} {self.quality}"])

    def changes(self, first: "Plan", scale: str) -> str:
        """Describe the differences from `first` in one line; "" for none."""
        parts = []
        if self.quality != first.quality:
            parts.append(f"{scale} {first.quality} -> {self.quality}")
        if self.size != first.size:
            parts.append(f"{dimensions(first.size)} -> {dimensions(self.size)}")
        if self.fps != first.fps:
            rates = f"{format_number(first.fps)} -> {format_number(self.fps)}"
            parts.append(f"{rates} pictures a second")
        if self.sound != first.sound:
            parts.append(f"sound {first.sound // 1000} -> {self.sound // 1000} kbit/s")
        return ", ".join(parts)


SCALES = tuple(Fraction(n, 16) for n in (14, 12, 11, 10, 9, 8, 7, 6, 5, 4))  # of each side
RATE_DIVISORS = (2, 3, 4)
MIN_SIDE = 32  # pixels
MIN_FPS = Fraction(6)  # below it is no film any more

SOUND_RATES = (192_000, 128_000, 96_000, 64_000)  # bits per second
SOUND_SHARE = Fraction(1, 8)  # of the bytes that a file may have


def ladder(
    first: Plan,
    worse: Sequence[int],
    *,
    min_fps: Fraction | None = None,
    rate_first: bool = True,
    fixed_size: bool = False,
) -> list[list[Plan]]:
    """Lower rate and size step by step; each step has `first`'s quality, then the worse ones.

    Args:
        worse: qualities, falling.
        rate_first: a lower rate before a smaller size; else after halving the size.
        fixed_size: keep the size.
    """
    slower = [("fps", fps) for fps in _rates(first.fps, min_fps or MIN_FPS)]
    smaller = [("size", size) for size in ([] if fixed_size else _sizes(first.size))]
    half = 0 if rate_first else sum(2 * size[0] >= first.size[0] for _, size in smaller)
    steps = [first]
    for field, value in (*smaller[:half], *slower, *smaller[half:]):
        steps.append(replace(steps[-1], **{field: value}))
    return [[step, *(replace(step, quality=quality) for quality in worse)] for step in steps]


def sound_bit_rate(usual: int, limit: int | None, seconds: Fraction) -> int:
    """Bits per second of a sound that leaves most of a file of `limit` bytes to the images."""
    if not usual or limit is None:
        return usual
    budget = limit * 8 * SOUND_SHARE / seconds
    rates = [rate for rate in (usual, *SOUND_RATES) if rate <= usual]
    return next((rate for rate in rates if rate <= budget), min(rates))


def _sizes(size: tuple[int, int]) -> list[tuple[int, int]]:
    smaller = [tuple(even(side * scale) for side in size) for scale in SCALES]
    return [(height, width) for height, width in smaller if min(height, width) >= MIN_SIDE]


def _rates(fps: Fraction, min_fps: Fraction) -> list[Fraction]:
    return [fps / n for n in RATE_DIVISORS if fps / n >= max(min_fps, MIN_FPS)]


def format_number(number: Fraction) -> str:
    """Two decimals at most: 23.98, 24."""
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def dimensions(size: tuple[int, int]) -> str:
    """WIDTHxHEIGHT of a (height, width)."""
    return f"{size[1]}x{size[0]}"


def even(side: float | Fraction) -> int:
    """The nearest even number of pixels, 2 or more, as chroma subsampling wants it."""
    return max(2, 2 * round(side / 2))
