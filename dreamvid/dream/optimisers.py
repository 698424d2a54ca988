"""Which way to step, given the ways up so far: how a dream makes use of earlier steps.

To add one, write a function (direction, past) -> (direction, past) and name it in OPTIMISERS
and in `ShapingOptions.optimiser`. All is in the picture's own places, not in those it was
rolled to for a step, so that what is remembered of a pixel stays with it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from dreamvid.dream.gradient import unit_mean
from dreamvid.image import Image

MOMENTUM = 0.9
ADAM = (0.9, 0.999)  # of the mean, of the squares
TINY = 1e-8


@dataclass(frozen=True)
class Past:
    """What is remembered of an octave's earlier steps."""

    steps: int
    mean: Image
    square: Image


def ascent(direction: Image, past: Past | None) -> tuple[Image, Past | None]:
    """The way up now, as in 2015."""
    return direction, None


def momentum(direction: Image, past: Past | None) -> tuple[Image, Past | None]:
    """Also some of the ways before: forms grow on, noise cancels out."""
    mean = direction if past is None else MOMENTUM * past.mean + direction
    return unit_mean(mean), Past(1, mean, mean)


def adam(direction: Image, past: Past | None) -> tuple[Image, Past | None]:
    """Each pixel by its own scale, so that weak places change as much as strong ones.

    Kingma and Ba, "Adam", 2015, with the result brought to a mean size of 1.
    """
    keep, keep_square = ADAM
    if past is None:
        past = Past(0, torch.zeros_like(direction), torch.zeros_like(direction))
    steps = past.steps + 1
    mean = keep * past.mean + (1 - keep) * direction
    square = keep_square * past.square + (1 - keep_square) * direction.square()
    size = (square / (1 - keep_square**steps)).sqrt() + TINY
    return unit_mean(mean / (1 - keep**steps) / size), Past(steps, mean, square)


OPTIMISERS: dict[str, Callable[[Image, Past | None], tuple[Image, Past | None]]] = {
    "ascent": ascent,
    "momentum": momentum,
    "adam": adam,
}
