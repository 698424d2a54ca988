"""Curves and shares as pieces of HTML."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 1000, 100  # of a curve's own coordinates; it is stretched to its place
MOST = 400  # points of a curve

INKS = ("#6cb6ff", "#f7a35c", "#7ee0a8", "#e78bd6", "#f2d45c", "#9d92ff", "#5fd6d6", "#ff7d7d")


def curve(
    name: str,
    values: Sequence[float],
    ends: tuple[str, str],
    *,
    unit: str = "",
    ink: str = INKS[0],
    marks: Sequence[float] = (),
) -> Iterator[str]:
    """A line over the film, from its least value to its greatest.

    Args:
        values: evenly spread, at least one.
        ends: what is written below its left and right end.
        marks: shares of the width, 0 to 1, at which a vertical line stands.
    """
    low, high = min(values), max(values)
    span = f"{low:.4g} to {high:.4g}{unit}" if high > low else f"{low:.4g}{unit}"
    yield '<div class="chart"><figcaption>'
    yield f"<b>{escape(name)}</b><span>{escape(span)}</span></figcaption>"
    yield f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
    for mark in marks:
        x = f"{mark * WIDTH:.1f}"
        yield f'<line x1="{x}" x2="{x}" y1="0" y2="{HEIGHT}" stroke="#98a0b3" {_STEADY}></line>'
    points = " ".join(_points(_means(values), low, high))
    yield f'<polyline points="{points}" fill="none" stroke="{ink}" {_STEADY}></polyline></svg>'
    left, right = map(escape, ends)
    yield f"<figcaption><span>{left}</span><span>{right}</span></figcaption></div>"


_STEADY = 'stroke-width="2" vector-effect="non-scaling-stroke"'


def _points(values: Sequence[float], low: float, high: float) -> Iterator[str]:
    spread = [*values] if len(values) > 1 else [*values] * 2
    for number, value in enumerate(spread):
        level = (value - low) / (high - low) if high > low else 0.5
        x, y = number / (len(spread) - 1) * WIDTH, (1 - level) * (HEIGHT - 8) + 4
        yield f"{x:.1f},{y:.1f}"


def _means(values: Sequence[float]) -> list[float]:
    """At most MOST of them, each the mean of its stretch."""
    count = min(MOST, len(values))
    edges = [n * len(values) // count for n in range(count + 1)]
    parts = (values[a:b] for a, b in pairwise(edges))
    return [sum(part) / len(part) for part in parts]


def shares(parts: Mapping[str, float]) -> Iterator[str]:
    """A bar of parts, each as wide as its share of the whole, named below it."""
    whole = sum(parts.values()) or 1.0
    yield '<div class="bar">'
    for (_, value), ink in zip(parts.items(), INKS, strict=False):
        yield f'<i style="width: {100 * value / whole:.2f}%; background: {ink}"></i>'
    yield "</div><p>"
    told = zip(parts.items(), INKS, strict=False)
    yield " · ".join(
        f'<span style="color: {ink}">{escape(name)}</span> {value:.1f} s'
        for (name, value), ink in told
    )
    yield "</p>"
