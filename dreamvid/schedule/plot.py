"""Pictures of curves: a line of text for a terminal, a sheet of charts for a file."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.moment import Moment

BLOCKS = "▁▂▃▄▅▆▇█"


def samples(number: float | Curve, moments: Iterable[Moment]) -> list[float]:
    """What an option says at each of the moments; raises ValueError."""
    return [float(value_at(number, moment)) for moment in moments]


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """Block characters as high as the values, from the least to the greatest of them.

    Args:
        width: characters; fewer where there are fewer values.
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    count = min(width, len(values))
    shown = [_mean(values, place, count) for place in range(count)]
    if high == low:
        return BLOCKS[0] * len(shown)
    steps = (round((value - low) / (high - low) * (len(BLOCKS) - 1)) for value in shown)
    return "".join(BLOCKS[step] for step in steps)


def _mean(values: Sequence[float], place: int, count: int) -> float:
    """The mean of the place-th of `count` equal stretches of the values."""
    start, end = place * len(values) // count, (place + 1) * len(values) // count
    return sum(values[start:end]) / (end - start)


WIDTH = 1280  # pixels of the sheet
ROW = 150  # pixels, the height of one chart
_FINE = 2  # drawn so many times larger, then scaled down: Pillow's lines have hard edges
_LEFT, _RIGHT, _TOP, _BOTTOM = 190, 100, 24, 24
_PAD = 20  # above and below a chart
_GROUND, _PANEL, _GRID = "#101218", "#171a22", "#2a2f3c"
_TEXT, _DIM = "#e6e9f0", "#8b93a7"
_INKS = ("#6cb6ff", "#f7a35c", "#7ee0a8", "#e78bd6", "#f2d45c", "#9d92ff", "#5fd6d6", "#ff7d7d")


class _Panel(NamedTuple):
    """Where one chart lies, in pixels of the large drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def point(self, share: float, level: float) -> tuple[float, float]:
        """A share of the time, and a height from 0 to 1."""
        x = self.left + (self.right - self.left) * share
        return x, self.bottom - (self.bottom - self.top) * level


def draw(curves: Mapping[str, Sequence[float]], seconds: float) -> Image.Image:
    """A dark sheet, one chart for each curve, RGB, WIDTH pixels wide.

    Args:
        curves: values evenly spread over the film, by the name they get.
        seconds: length of the film, for the time axis.
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
        _draw_chart(pen, panel, name, values, _INKS[row % len(_INKS)])
    _draw_times(pen, times, seconds, _TOP + ROW * len(curves) - _PAD + 10)
    return sheet.resize((WIDTH, height), Image.Resampling.LANCZOS)


def _draw_chart(
    pen: ImageDraw.ImageDraw, panel: _Panel, name: str, values: Sequence[float], ink: str
) -> None:
    low, high = min(values), max(values)
    inner = panel._replace(top=panel.top + 12 * _FINE, bottom=panel.bottom - 12 * _FINE)
    last = max(1, len(values) - 1)
    # One value is a level line, as are equal ones, at half the height.
    spread = [*values] if len(values) > 1 else [*values] * 2
    levels = [(v - low) / (high - low) if high > low else 0.5 for v in spread]
    points = [inner.point(place / last, level) for place, level in enumerate(levels)]
    pen.line(points, fill=ink, width=round(2.5 * _FINE), joint="curve")
    _write(pen, (20, inner.point(0, 0.5)[1]), name, ink, size=_fit(name), anchor="lm")
    for number, level in ((high, 1), (low, 0)) if high > low else ((low, 0.5),):
        place = (WIDTH - _RIGHT + 10, inner.point(0, level)[1])
        _write(pen, place, f"{number:.5g}", _DIM, size=13, anchor="lm")


def _fit(name: str) -> int:
    """The largest size, up to 17, at which a name fits to the left of its chart."""
    room = _LEFT - 30
    sizes = range(17, 6, -1)
    fitting = (size for size in sizes if ImageFont.load_default(size=size).getlength(name) <= room)
    return next(fitting, sizes[-1])


def _draw_times(
    pen: ImageDraw.ImageDraw, times: Sequence[float], seconds: float, top: float
) -> None:
    for time in times:
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * time / seconds
        _write(pen, (x, top * _FINE), f"{time:g} s", _DIM, size=13, anchor="mt")


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    ink: str,
    *,
    size: int,
    anchor: str,
) -> None:
    """Text at x in pixels of the sheet, and y in those of the large drawing."""
    font = ImageFont.load_default(size=size * _FINE)
    pen.text((place[0] * _FINE, place[1]), text, fill=ink, font=font, anchor=anchor)


def _ticks(seconds: float) -> list[float]:
    """Round times from 0 to the end, about eight of them."""
    step = _round_step(seconds / 8)
    return [round(number * step, 9) for number in range(int(seconds / step + 1e-9) + 1)]


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least)
