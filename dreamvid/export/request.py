"""What an export's user asks for beside the target, and what becomes of it."""

from dataclasses import dataclass
from fractions import Fraction

from dreamvid.errors import PresetError
from dreamvid.export.formats import Format, Measure
from dreamvid.export.plans import even, rate
from dreamvid.export.timing import at_rate, part, rate_within, repeated
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Fit, Target


@dataclass(frozen=True, kw_only=True)
class Wishes:
    fit: Fit | None = None  # None: the target's own
    start: Fraction = Fraction(0)  # second
    seconds: Fraction | None = None
    size: tuple[int, int] | None = None  # (width, height)
    fps: Fraction | None = None
    codec: str | None = None
    crf: int | None = None  # a film's
    quality: int | None = None  # of WebP and AVIF
    colours: int | None = None  # of a GIF
    limit: int | None = None  # bytes
    sound: bool = True

    def quality_in(self, measure: Measure | None, name: str) -> int | None:
        """How good the file is to be, in its own measure; raises PresetError."""
        asked = {key: getattr(self, key) for key in ("crf", "quality", "colours")}
        given = {key: value for key, value in asked.items() if value is not None}
        for key, value in given.items():
            if measure is None or key != measure.name:
                cure = f"it has --{measure.name}" if measure else "every pixel is kept"
                raise PresetError(f"--{key}", f"has no effect on {name}", cure)
            low, high = measure.bounds
            if not low <= value <= high:
                raise PresetError(f"--{key}", f"{value} is not from {low} to {high}")
            return value
        return None if measure is None else measure.usual


def timed(
    pictures: Pictures, target: Target | None, form: Format, wishes: Wishes
) -> tuple[Pictures, list[str]]:
    """The part that is asked for, as fast and as long as the target takes it; what was changed.

    Raises PresetError.
    """
    if wishes.start >= pictures.seconds:
        length = f"{float(pictures.seconds):g}"
        raise PresetError("--from", f"the film ends at second {length}", "give an earlier one")
    chosen = part(pictures, wishes.start, wishes.seconds)
    whole = chosen.seconds
    chosen = at_rate(chosen, _rate(chosen.fps, target, form, wishes))
    changes = []
    if chosen.fps != pictures.fps:
        changes.append(f"{rate(pictures.fps)} -> {rate(chosen.fps)} pictures a second")
    if target is None or target.seconds is None:
        return chosen, changes
    shortest, longest = target.seconds
    if chosen.seconds > longest:
        chosen = part(chosen, Fraction(0), longest)
        kept, all_ = f"{float(chosen.seconds):.4g}", f"{float(whole):.4g}"
        others = "--from and --seconds choose others"
        changes.append(f"the first {kept} of {all_} seconds: it takes no more ({others})")
    elif chosen.seconds < shortest:
        times = -(-shortest // chosen.seconds)
        chosen = repeated(chosen, times)
        changes.append(f"played {times} times: it takes {float(shortest):g} seconds or more")
    return chosen, changes


def _rate(fps: Fraction, target: Target | None, form: Format, wishes: Wishes) -> Fraction:
    low, high = (target.fps if target else None) or (Fraction(0), fps)
    high = min(high, form.fastest or high)
    if wishes.fps is None:
        return rate_within(fps, min(low, high), high)
    if wishes.fps > fps:
        problem = f"the film has {rate(fps)} pictures a second, and none are invented"
        raise PresetError("--fps", problem, "give fewer, or render it at more")
    if not low <= wishes.fps <= high:
        who = target.name if target else "the format"
        problem = f"{who} takes {rate(low)} to {rate(high)}"
        raise PresetError("--fps", problem, "leave it out for the nearest")
    return wishes.fps


def size_for(film: tuple[int, int], target: Target | None, wishes: Wishes) -> tuple[int, int]:
    """The size to make of a film's; both (height, width). Raises PresetError."""
    height, width = film
    if wishes.size is not None:
        _check_size(wishes.size, target)
        width, height = wishes.size
    elif target is not None and target.sizes:
        width, height = target.size_for((width, height)) or (width, height)
    elif target is not None and target.within:
        most = min(target.within[0] / width, target.within[1] / height)
        scale = most if target.fill else min(1, most)
        width, height = (even(side * scale) for side in (width, height))
    return height, width


def _check_size(size: tuple[int, int], target: Target | None) -> None:
    if target is None:
        return
    text = f"{size[0]}x{size[1]} is no size that {target.name} takes"
    if target.sizes and size not in target.sizes:
        raise PresetError("--size", text, ", ".join(f"{w}x{h}" for w, h in target.sizes))
    most = target.within
    if most and (size[0] > most[0] or size[1] > most[1]):
        raise PresetError("--size", text, f"at most {most[0]}x{most[1]}")
    if most and target.fill and most[0] != size[0] and most[1] != size[1]:
        raise PresetError("--size", text, f"one side has {most[0]}")


def as_seconds(number: float) -> Fraction:
    """As a person means it: 0.1 is a tenth."""
    return Fraction(number).limit_denominator(1_000_000)
