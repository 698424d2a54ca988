"""Plots of schedules: a sparkline for a terminal, a sheet of charts for a file."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.moment import Moment

BLOCKS = "▁▂▃▄▅▆▇█"


def samples(number: float | Curve, moments: Iterable[Moment]) -> list[float]:
    """Evaluate an option at each of the moments; raises ValueError."""
    return [float(value_at(number, moment)) for moment in moments]


def means(values: Sequence[float], most: int) -> list[float]:
    """Reduce values to at most `most`, each the mean of an equal stretch of them."""
    count = min(most, len(values))
    edges = [n * len(values) // count for n in range(count + 1)] if count else []
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(edges)]


def points(values: Sequence[float]) -> list[tuple[float, float]]:
    """Scale a curve to the unit square: (time, height), both from 0 to 1.

    A constant curve, or a single value, is a level line at half the height.
    """
    low, high = min(values), max(values)
    spread = [*values] if len(values) > 1 else [*values] * 2
    heights = [(v - low) / (high - low) if high > low else 0.5 for v in spread]
    return [(n / (len(spread) - 1), height) for n, height in enumerate(heights)]


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """Draw values as at most `width` block characters, scaled from the smallest to the largest."""
    if not values:
        return ""
    low, high = min(values), max(values)
    bars = means(values, width)
    if high == low:
        return BLOCKS[0] * len(bars)
    steps = (round((value - low) / (high - low) * (len(BLOCKS) - 1)) for value in bars)
    return "".join(BLOCKS[step] for step in steps)


WIDTH = 1280  # pixels of the sheet
ROW = 150  # pixels, the height of one chart
_FINE = 2  # supersampling: Pillow's lines have hard edges
_LEFT, _RIGHT, _TOP, _BOTTOM = 190, 100, 24, 24
_PAD = 20  # above and below a chart
_GROUND, _PANEL, _GRID = "#101218", "#171a22", "#2a2f3c"
_TEXT, _DIM = "#e6e9f0", "#8b93a7"
INKS = ("#6cb6ff", "#f7a35c", "#7ee0a8", "#e78bd6", "#f2d45c", "#9d92ff", "#5fd6d6", "#ff7d7d")


class _Panel(NamedTuple):
    """Rectangle of one chart, in supersampled pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def point(self, time: float, height: float) -> tuple[float, float]:
        """Map a point of the unit square to pixels."""
        x = self.left + (self.right - self.left) * time
        return x, self.bottom - (self.bottom - self.top) * height


def draw(curves: Mapping[str, Sequence[float]], seconds: float) -> Image.Image:
    """Draw a dark sheet with one chart for each curve, by name; RGB, WIDTH pixels wide.

    The values are evenly spread over the film, whose seconds are the time axis.
    """
    height = _TOP + ROW * len(curves) + _BOTTOM
    sheet = Image.new("RGB", (WIDTH * _FINE, height * _FINE), _GROUND)
    pen = ImageDraw.Draw(sheet)
    times = _ticks(seconds)
    for row, (name, values) in enumerate(curves.items()):
        top = _TOP + row * ROW
        edges = (_LEFT, top, WIDTH - _RIGHT, top + ROW - _PAD)
        panel = _Panel(*(edge * _FINE for edge in edges))
        pen.rounded_rectangle(panel, radius=6 * _FINE, fill=_PANEL)
        for time in times:
            x, _ = panel.point(time / seconds, 0)
            pen.line((x, panel.top, x, panel.bottom), fill=_GRID, width=_FINE)
        _draw_chart(pen, panel, name, values, INKS[row % len(INKS)])
    below = (_TOP + ROW * len(curves) - _PAD + 10) * _FINE
    for time in times:
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * time / seconds
        _write(pen, (x, below), f"{time:g} s", _DIM, size=13, anchor="mt")
    return sheet.resize((WIDTH, height), Image.Resampling.LANCZOS)


def _draw_chart(
    pen: ImageDraw.ImageDraw, panel: _Panel, name: str, values: Sequence[float], ink: str
) -> None:
    low, high = min(values), max(values)
    inner = panel._replace(top=panel.top + 12 * _FINE, bottom=panel.bottom - 12 * _FINE)
    line = [inner.point(time, height) for time, height in points(values)]
    pen.line(line, fill=ink, width=round(2.5 * _FINE), joint="curve")
    _write(pen, (20, inner.point(0, 0.5)[1]), name, ink, size=_fit(name), anchor="lm")
    for number, height in ((high, 1), (low, 0)) if high > low else ((low, 0.5),):
        at = (WIDTH - _RIGHT + 10, inner.point(0, height)[1])
        _write(pen, at, f"{number:.5g}", _DIM, size=13, anchor="lm")


def _fit(name: str) -> int:
    """Choose the largest font size, up to 17, at which a name fits left of its chart."""
    width = _LEFT - 30
    sizes = range(17, 6, -1)
    fitting = (size for size in sizes if ImageFont.load_default(size=size).getlength(name) <= width)
    return next(fitting, sizes[-1])


def _write(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    ink: str,
    *,
    size: int,
    anchor: str,
) -> None:
    """Write text at (x in pixels of the sheet, y in supersampled pixels)."""
    font = ImageFont.load_default(size=size * _FINE)
    pen.text((at[0] * _FINE, at[1]), text, fill=ink, font=font, anchor=anchor)


def _ticks(seconds: float) -> list[float]:
    """Choose about eight round times from 0 to the end."""
    step = _round_step(seconds / 8)
    return [round(number * step, 9) for number in range(int(seconds / step + 1e-9) + 1)]


def _round_step(least: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least)
