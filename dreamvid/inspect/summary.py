"""Figures of a film as a table, as curves, and for another program."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from dreamvid.inspect.bands import SPREAD, Finding
from dreamvid.inspect.film import Inspection, spread
from dreamvid.inspect.measures import BRIGHT, DARK


class Column(NamedTuple):
    """A measure in the table."""

    name: str
    digits: int
    meaning: str
    badness: Callable[[float], float] | None = None  # the worst is the largest; None: none is


MIDDLE = sum(SPREAD) / 2
COLUMNS = (
    Column("luminance", 0, "luminance: mean, 0 to 255"),
    Column("spread", 0, "spread: deviation of luminance", lambda value: abs(value - MIDDLE)),
    Column("chroma", 0, "chroma: mean of max - min of R, G and B", lambda value: -value),
    Column("clipped", 2, f"clipped: % over a luminance of {BRIGHT}", lambda value: value),
    Column("black", 2, f"black: % under a luminance of {DARK}", lambda value: value),
    Column("detail", 1, "detail: mean absolute Laplacian"),
    Column("flicker", 1, "flicker: mean change beside the motion", lambda value: value),
    Column("cross", 2, "cross: contrast of the middle lines over others'", lambda value: value),
)
MEANINGS = {column.name: column.meaning for column in COLUMNS}
HEADINGS = ("frame", "second", *(column.name for column in COLUMNS))


def make_rows(film: Inspection, count: int = 7) -> list[tuple[str, ...]]:
    """Make the table's rows: `count` moments over the film, then the worst of each measure."""
    numbers = list(film.moments)
    rows = [_row(film, numbers[at]) for at in sorted(spread(0, len(numbers), count))]
    return [*rows, ("worst", "", *(_worst(values_of(film, c.name), c) for c in COLUMNS))]


def _row(film: Inspection, frame: int) -> tuple[str, ...]:
    cells = []
    for column in COLUMNS:
        values = values_of(film, column.name)
        nearest = min(values, key=lambda number: abs(number - frame), default=None)
        cells.append("-" if nearest is None else f"{values[nearest]:.{column.digits}f}")
    return (str(frame), f"{float(frame / film.fps):.2f}", *cells)


def _worst(values: dict[int, float], column: Column) -> str:
    if column.badness is None or not values:
        return ""
    badness = column.badness
    frame = max(values, key=lambda number: badness(values[number]))
    return f"{values[frame]:.{column.digits}f} at {frame}"


def values_of(film: Inspection, name: str) -> dict[int, float]:
    """Return a measure by frame; flicker only where it was measured."""
    if name == "flicker":
        return {pair.frame: pair.flicker for pair in film.pairs if pair.flicker is not None}
    return {number: getattr(moment, name) for number, moment in film.moments.items()}


def curves_of(film: Inspection) -> dict[str, list[float]]:
    """Return each measure over the film, for a plot."""
    curves = {column.name: list(values_of(film, column.name).values()) for column in COLUMNS}
    return {name: values for name, values in curves.items() if values}


def verdict_of(findings: Sequence[Finding]) -> Iterable[str]:
    """Return a line for each finding, or the one that there is none."""
    return [finding.text for finding in findings] or ["all measures are in their bands"]


def as_json(film: Inspection, findings: Sequence[Finding]) -> dict[str, Any]:
    """Convert to values for JSON: percent for clipped and black, 0 to 255 for grey levels."""
    height, width = film.size
    flicker = values_of(film, "flicker")
    return {
        "frames": film.frames,
        "fps": float(film.fps),
        "size": f"{width}x{height}",
        "seam": film.seam,
        "moments": [{"frame": n} | asdict(moment) for n, moment in film.moments.items()],
        "flicker": [{"frame": n, "flicker": value} for n, value in flicker.items()],
        "findings": [asdict(finding) for finding in findings],
    }
