"""Thinning of recorded keyframes: few with straight lines between, instead of many steps."""

from itertools import groupby
from typing import Any

from dreamvid.schedule.parser import is_number
from dreamvid.studio.desk.keyframes import Keyframe, Moments, Value, keyframes_of, tables

TOLERANCE = 0.01  # of the range of the values

Point = tuple[float, float]
"""Frame and value."""


def thin(value: Value, moments: Moments) -> Any:
    """Replace runs of held numbers by fewer keyframes near them; raises ValueError."""
    keys = keyframes_of(value, moments(0))
    if keys is None:
        raise ValueError("has no keyframes to thin")
    thinned: list[Keyframe] = []
    for recorded, group in groupby(keys, _is_recorded):
        run, done = [*group], len(thinned)
        if recorded:
            number = keys.index(run[-1]) + 1
            end = keys[number].frame if number < len(keys) else None
            few = _few(run, end)
            run = few if len(few) < len(run) else run
        thinned[done:] = run
    if len(thinned) == len(keys):
        raise ValueError("has no recorded keyframes that could be fewer")
    return tables(thinned)


def _is_recorded(key: Keyframe) -> bool:
    is_text = isinstance(key.value, str) and not is_number(key.value)
    return key.ease == "hold" and not is_text


def _few(run: list[Keyframe], end: float | None) -> list[Keyframe]:
    """Replace a run that lasts until the frame `end`; None: to the end of the film."""
    points: list[Point] = []
    for number, key in enumerate(run):
        points.append((key.frame, float(key.value)))
        until = run[number + 1].frame if number + 1 < len(run) else end
        if until is not None and until - 1 > key.frame:  # held for more than a frame
            points.append((until - 1, float(key.value)))
    values = [value for _, value in points]
    corners = simplify(points, TOLERANCE * (max(values) - min(values)))
    keys = [Keyframe(frame, value) for frame, value in corners]
    return [*keys[:-1], keys[-1]._replace(ease="hold")]


def simplify(points: list[Point], tolerance: float) -> list[Point]:
    """Choose few of a line's points, so that all lie within a tolerance in value.

    Ramer-Douglas-Peucker (1972, 1973), with distances along the axis of values.
    """
    kept = {0, len(points) - 1}
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        distance, worst = max(
            ((_distance(points, first, last, n), n) for n in range(first + 1, last)),
            default=(0.0, first),
        )
        if distance > tolerance:
            kept.add(worst)
            parts += [(first, worst), (worst, last)]
    return [points[number] for number in sorted(kept)]


def _distance(points: list[Point], first: int, last: int, number: int) -> float:
    (start, low), (end, high), (at, value) = points[first], points[last], points[number]
    return abs(low + (high - low) * (at - start) / (end - start) - value)
