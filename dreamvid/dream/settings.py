"""The numbers of one frame's dream."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Ascent:
    """Settings of one frame's dream; units as in `DreamOptions`, defaults those of 2015."""

    octaves: int = 4
    octave_scale: float = 1.4
    octave_step: float = 1.0
    steps: int = 10  # in each octave
    step_size: float = 1.5  # in 1/255
    last_step: float = 1.0
    jitter: int = 32
    optimiser: str = "ascent"  # a name in OPTIMISERS
    pyramid: int = 0
    frequency: float = 0.0
    smooth: float = 0.0  # in pixels
    decorrelate: float = 0.0
    luminance: float = 0.0
    total_variation: float = 0.0
    high_frequency: float = 0.0
    sharpen: float = 0.0
    saturation_limit: float = 0.0  # chroma in CIE Lab


AROUND_STEPS = frozenset(
    {"octaves", "octave_scale", "octave_step", "steps", "last_step", "sharpen", "saturation_limit"}
)
"""Fields of `Ascent` that decide what happens around the steps; no step reads them."""


def active(table: Mapping[str, T], ascent: Ascent) -> Iterator[tuple[T, float]]:
    """Yield, in the table's order, each entry whose field of `ascent` is not 0, and its amount."""
    for name, entry in table.items():
        if amount := getattr(ascent, name):
            yield entry, amount


def unknown_fields(ascent: Ascent, known: Collection[str]) -> list[str]:
    """Name the fields that are not known to an implementation and differ from their default.

    An implementation of the step beside `ascend` must not take an `Ascent` with such a field:
    it would leave out what the field asks for.
    """
    return [
        field.name
        for field in fields(ascent)
        if field.name not in known and getattr(ascent, field.name) != field.default
    ]
