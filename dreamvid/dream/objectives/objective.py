"""A score made of one layer's activations, as a value.

It is judged from sums over places, so that the sums of a large picture's tiles make the
picture's own, and its gradient can be taken tile by tile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.objectives.grid import Grid, Mask
from dreamvid.image import Activation, Scalar, constant

Sums = Float[Tensor, " _"]
"""What adds up over places: of two halves of a picture, added, it is the whole picture's."""
SpatialMap = Float[Tensor, "rows columns"]
"""A number for each place."""


def _itself(sums: Sums) -> Scalar:
    return sums[0]


@dataclass(frozen=True)
class Objective:
    """A score to increase: `reduce(statistics(activation, grid))`."""

    statistics: Callable[[Activation, Grid], Sums]
    reduce: Callable[[Sums], Scalar] = _itself
    placed: bool = False  # whether it matters where in the picture a place lies

    @property
    def adds_up(self) -> bool:
        """Whether the score itself is the sum of its places' scores."""
        return self.reduce is _itself

    def __call__(self, activation: Activation, grid: Grid) -> Scalar:
        return self.reduce(self.statistics(activation, grid))


def everywhere(score: Callable[[Activation], SpatialMap]) -> Objective:
    """The objective that adds up what `score` gives each place."""

    def statistics(activation: Activation, grid: Grid) -> Sums:
        return (score(grid.of(activation)) * grid.weights()).sum().reshape(1)

    return Objective(statistics)


def only(channels: Sequence[int], objective: Objective) -> Objective:
    """The objective of some of a layer's channels, as if it had no others."""
    chosen = tuple(channels)

    def statistics(seen: Activation, grid: Grid) -> Sums:
        numbers = constant(chosen, seen.device, torch.long)
        return objective.statistics(seen.index_select(1, numbers), grid)

    return replace(objective, statistics=statistics)


def masked(mask: Mask, objective: Objective) -> Objective:
    """The objective of a part of the picture: every place counts as the mask says."""

    def statistics(seen: Activation, grid: Grid) -> Sums:
        return objective.statistics(seen, grid.masked(mask))

    return replace(objective, statistics=statistics, placed=True)


def energy() -> Objective:
    """Whatever the layer already sees, stronger: the L2 objective of dream.ipynb, 2015."""
    return everywhere(lambda activation: 0.5 * activation.pow(2).sum((0, 1)))
