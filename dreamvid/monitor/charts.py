"""Curves for the report, in the coordinates of an SVG image."""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamvid.schedule.plot import INKS, means, points

SIZE = WIDTH, HEIGHT = 1000, 100  # of the SVG image, which is stretched to its place
MOST = 400  # points of a curve


@dataclass(frozen=True)
class Curve:
    """A line over the film, and the texts around it."""

    name: str
    range: str  # from its least value to its greatest
    ends: tuple[str, str]  # labels below its left and right end
    ink: str
    points: str  # as an SVG polyline has them
    marks: list[str]  # x of vertical lines
    size: tuple[int, int] = SIZE


def make_curve(
    name: str,
    values: Sequence[float],
    ends: tuple[str, str],
    *,
    unit: str = "",
    ink: str = INKS[0],
    marks: Sequence[float] = (),
) -> Curve:
    """Scale values over a film to a curve.

    Args:
        values: evenly spread, at least one.
        marks: shares of the width, 0 to 1, at which vertical lines stand.
    """
    low, high = min(values), max(values)
    scaled = ((x * WIDTH, (1 - y) * (HEIGHT - 8) + 4) for x, y in points(means(values, MOST)))
    return Curve(
        name,
        f"{low:.4g} to {high:.4g}{unit}" if high > low else f"{low:.4g}{unit}",
        ends,
        ink,
        " ".join(f"{x:.1f},{y:.1f}" for x, y in scaled),
        [f"{mark * WIDTH:.1f}" for mark in marks],
    )
