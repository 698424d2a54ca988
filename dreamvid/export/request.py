"""An export's options beside the target, and their effect on a film's part, rate and size."""

from dataclasses import dataclass
from fractions import Fraction

from dreamvid.errors import PresetError
from dreamvid.export.formats import Format, QualityScale
from dreamvid.export.plans import even, format_number
from dreamvid.export.timing import at_rate, rate_within, repeat, trim
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Fit, Target


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """Options of an export; None leaves the choice to the target or the format."""

    fit: Fit | None = None
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

    def quality_on(self, scale: QualityScale | None, name: str) -> int | None:
        """The quality to encode with, on the format's scale.

        Raises PresetError for an option of another scale or a value out of bounds.
        """
        options = {key: getattr(self, key) for key in ("crf", "quality", "colours")}
        for key, value in options.items():
            if value is None:
                continue
            if scale is None or key != scale.name:
                cure = f"it has --{scale.name}" if scale else "every pixel is kept"
                raise PresetError(f"--{key}", f"has no effect on {name}", cure)
            low, high = scale.bounds
            if not low <= value <= high:
                raise PresetError(f"--{key}", f"{value} is not from {low} to {high}")
            return value
        return None if scale is None else scale.default


def retime(
    film: Pictures, target: Target | None, form: Format, request: ExportRequest
) -> tuple[Pictures, list[str]]:
    """Trim the film and change its rate and length to the request and the target.

    Returns the film and the changes that were not requested, a line each. Raises PresetError.
    """
    if request.start >= film.seconds:
        problem = f"the film ends at second {float(film.seconds):g}"
        raise PresetError("--from", problem, "give an earlier one")
    trimmed = trim(film, request.start, request.seconds)
    length = trimmed.seconds
    trimmed = at_rate(trimmed, _output_rate(trimmed.fps, target, form, request))
    changes = []
    if trimmed.fps != film.fps:
        rates = f"{format_number(film.fps)} -> {format_number(trimmed.fps)}"
        changes.append(f"{rates} pictures a second")
    if target is None or target.seconds is None:
        return trimmed, changes
    shortest, longest = target.seconds
    if trimmed.seconds > longest:
        trimmed = trim(trimmed, Fraction(0), longest)
        shown, whole = f"{float(trimmed.seconds):.4g}", f"{float(length):.4g}"
        cure = "--from and --seconds choose others"
        changes.append(f"the first {shown} of {whole} seconds: it takes no more ({cure})")
    elif trimmed.seconds < shortest:
        times = -(-shortest // trimmed.seconds)
        trimmed = repeat(trimmed, times)
        changes.append(f"played {times} times: it takes {float(shortest):g} seconds or more")
    return trimmed, changes


def _output_rate(
    fps: Fraction, target: Target | None, form: Format, request: ExportRequest
) -> Fraction:
    low, high = (target.fps if target else None) or (Fraction(0), fps)
    high = min(high, form.max_fps or high)
    if request.fps is None:
        return rate_within(fps, min(low, high), high)
    if request.fps > fps:
        problem = f"the film has {format_number(fps)} pictures a second, and none are invented"
        raise PresetError("--fps", problem, "give fewer, or render it at more")
    if not low <= request.fps <= high:
        name = target.name if target else "the format"
        problem = f"{name} takes {format_number(low)} to {format_number(high)}"
        raise PresetError("--fps", problem, "leave it out for the nearest")
    return request.fps


def output_size(
    film: tuple[int, int], target: Target | None, request: ExportRequest
) -> tuple[int, int]:
    """The size to export a film of this size in; both (height, width). Raises PresetError."""
    height, width = film
    if request.size is not None:
        _check_size(request.size, target)
        width, height = request.size
    elif target is not None and target.sizes:
        width, height = target.size_for((width, height)) or (width, height)
    elif target is not None and target.within:
        limit = min(target.within[0] / width, target.within[1] / height)
        scale = limit if target.fill else min(1, limit)
        width, height = (even(side * scale) for side in (width, height))
    return height, width


def _check_size(size: tuple[int, int], target: Target | None) -> None:
    if target is None:
        return
    problem = f"{size[0]}x{size[1]} is no size that {target.name} takes"
    if target.sizes and size not in target.sizes:
        raise PresetError("--size", problem, ", ".join(f"{w}x{h}" for w, h in target.sizes))
    most = target.within
    if most and (size[0] > most[0] or size[1] > most[1]):
        raise PresetError("--size", problem, f"at most {most[0]}x{most[1]}")
    if most and target.fill and most[0] != size[0] and most[1] != size[1]:
        raise PresetError("--size", problem, f"one side has {most[0]}")


def as_seconds(number: float) -> Fraction:
    """The exact fraction a person means by a decimal number: 0.1 is a tenth."""
    return Fraction(number).limit_denominator(1_000_000)
