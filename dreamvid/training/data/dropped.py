"""Photos and captions that did not become a pair, with the reason."""

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
"""Reasons in the order of the checks."""


@dataclass(frozen=True)
class Dropped:
    name: str  # of the photo, or a place in a caption file: "captions.csv line 12"
    reason: Reason
    detail: str = ""


def by_reason(dropped: Sequence[Dropped]) -> dict[Reason, list[str]]:
    """Group the names by reason, in the reasons' order."""
    names: dict[Reason, list[str]] = {
        reason: [drop.name for drop in dropped if drop.reason == reason] for reason in REASONS
    }
    return {reason: group for reason, group in names.items() if group}
