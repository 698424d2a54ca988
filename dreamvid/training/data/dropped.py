"""What did not become a pair, and why: nothing disappears without being listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Reason = Literal[
    "damaged line",
    "outside the folder",
    "missing",
    "listed twice",
    "no caption",
    "short caption",
    "spam word",
    "many of one user",
    "not a picture",
    "damaged picture",
    "too small",
    "too large",
    "duplicate",
    "no known word",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""In the order in which they are looked for."""


@dataclass(frozen=True)
class Dropped:
    name: str
    """The photo's, or the place in a caption file: "captions.csv line 12"."""
    reason: Reason
    detail: str = ""


def by_reason(dropped: Sequence[Dropped]) -> dict[Reason, list[str]]:
    """The names of what was dropped, for each reason that occurs."""
    names: dict[Reason, list[str]] = {}
    for reason in REASONS:
        if found := [drop.name for drop in dropped if drop.reason == reason]:
            names[reason] = found
    return names
