"""Schedules of a preset, each with its option."""

from collections.abc import Iterator
from typing import Any

from dreamvid.preset.base import Options
from dreamvid.schedule.curve import Curve


def schedules(value: Any, name: str = "") -> Iterator[tuple[str, Curve]]:
    """Yield every schedule in a preset with its option: ("motion.zoom", curve)."""
    if isinstance(value, Curve):
        yield name, value
    elif isinstance(value, Options):
        for field in type(value).model_fields:
            yield from schedules(getattr(value, field), f"{name}.{field}".lstrip("."))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from schedules(item, f"{name}[{number}]")
