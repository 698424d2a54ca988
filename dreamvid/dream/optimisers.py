"""Optimisers: the direction of a step from the ascent directions so far.

To add one, write a function (direction, past) -> (direction, past), register it, and add its name
to `ShapingOptions.optimiser`. Each is the same at every pixel, so that the step on disk can
apply it band by band. Directions and memory lie in the image's own pixels, not in those it was
rolled to for a step, so that what is remembered of a pixel stays with it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from dreamvid.dream.gradient import unit_mean
from dreamvid.image import Image
from dreamvid.system.registry import Registry

MOMENTUM = 0.9
ADAM = (0.9, 0.999)  # decay of the mean, of the squares
TINY = 1e-8


@dataclass(frozen=True)
class Past:
    """Memory of an octave's earlier steps."""

    steps: int
    images: tuple[Image, ...]


Optimiser = Callable[[Image, Past | None], tuple[Image, Past | None]]
"""(ascent direction, memory or None) -> the step's direction, of any scale, and the new memory.

An optimiser without memory returns the direction that came in.
"""
OPTIMISERS: Registry[Optimiser] = Registry()


def optimise(direction: Image, past: Past | None, name: str) -> tuple[Image, Past | None]:
    """Apply the optimiser of this name to a direction of mean size 1, which the result has too."""
    direction, past = OPTIMISERS[name](direction, past)
    return (unit_mean(direction) if past else direction), past


@OPTIMISERS.register("ascent")
def ascent(direction: Image, past: Past | None) -> tuple[Image, Past | None]:
    """Follow the direction as it is (2015)."""
    return direction, None


@OPTIMISERS.register("momentum")
def momentum(direction: Image, past: Past | None) -> tuple[Image, Past | None]:
    """Add up directions, earlier ones decaying: forms grow on, noise cancels out."""
    mean = MOMENTUM * past.images[0] + direction if past else direction
    return mean, Past(1, (mean,))


@OPTIMISERS.register("adam")
def adam(direction: Image, past: Past | None) -> tuple[Image, Past | None]:
    """Scale each pixel by its own history: weak ones change as much (Kingma and Ba, 2015)."""
    keep, keep_square = ADAM
    if past is None:
        past = Past(0, (torch.zeros_like(direction), torch.zeros_like(direction)))
    steps, (mean, square) = past.steps + 1, past.images
    mean = keep * mean + (1 - keep) * direction
    square = keep_square * square + (1 - keep_square) * direction.square()
    size = (square / (1 - keep_square**steps)).sqrt() + TINY
    return mean / (1 - keep**steps) / size, Past(steps, (mean, square))


def images_remembered(name: str) -> int:
    """Count the images that an optimiser keeps from step to step."""
    _, past = OPTIMISERS[name](torch.zeros(1, 3, 1, 1), None)
    return len(past.images) if past else 0
