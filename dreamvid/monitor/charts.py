"""Curves and shares as pieces of HTML."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from dreamvid.schedule.plot import INKS, means, points

WIDTH, HEIGHT = 1000, 100  # of a curve's own coordinates; it is stretched to its place
MOST = 400  # points of a curve


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
    scaled = ((x * WIDTH, (1 - y) * (HEIGHT - 8) + 4) for x, y in points(means(values, MOST)))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in scaled)
    yield f'<polyline points="{line}" fill="none" stroke="{ink}" {_STEADY}></polyline></svg>'
    left, right = map(escape, ends)
    yield f"<figcaption><span>{left}</span><span>{right}</span></figcaption></div>"


_STEADY = 'stroke-width="2" vector-effect="non-scaling-stroke"'


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
