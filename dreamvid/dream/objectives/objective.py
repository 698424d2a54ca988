"""Objectives: scores of one layer's activations, as values that combine.

An objective is reduced from sums over positions, so that the sums of a large image's tiles add up
to the image's own, and its gradient can be taken tile by tile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.objectives.grid import Grid, Mask
from dreamvid.image import Activation, Scalar, constant

Sums = Float[Tensor, " _"]
"""Sums over positions: those of two halves of an image add up to the whole image's."""
SpatialMap = Float[Tensor, "rows columns"]
"""Numbers of all positions."""


def _itself(sums: Sums) -> Scalar:
    return sums[0]


@dataclass(frozen=True)
class Objective:
    """A score to increase: `reduce(statistics(activation, grid))`."""

    statistics: Callable[[Activation, Grid], Sums]
    reduce: Callable[[Sums], Scalar] = _itself
    placed: bool = False  # whether it depends on where in the image a position lies

    @property
    def adds_up(self) -> bool:
        """True where the score itself is the sum of its positions' scores."""
        return self.reduce is _itself

    def __call__(self, activation: Activation, grid: Grid) -> Scalar:
        return self.reduce(self.statistics(activation, grid))


def everywhere(score: Callable[[Activation], SpatialMap]) -> Objective:
    """Sum a score over all positions."""

    def statistics(activation: Activation, grid: Grid) -> Sums:
        return (score(grid.of(activation)) * grid.weights()).sum().reshape(1)

    return Objective(statistics)


def only(channels: Sequence[int], objective: Objective) -> Objective:
    """Restrict an objective to some of a layer's channels, as if it had no others."""
    chosen = tuple(channels)

    def statistics(activation: Activation, grid: Grid) -> Sums:
        numbers = constant(chosen, activation.device, torch.long)
        return objective.statistics(activation.index_select(1, numbers), grid)

    return replace(objective, statistics=statistics)


def masked(mask: Mask, objective: Objective) -> Objective:
    """Weight an objective's positions by a mask of the image."""

    def statistics(activation: Activation, grid: Grid) -> Sums:
        return objective.statistics(activation, replace(grid, mask=mask))

    return replace(objective, statistics=statistics, placed=True)


def energy() -> Objective:
    """Increase half the squared L2 norm of a layer (`objective_L2` of dream.ipynb, 2015)."""
    return everywhere(lambda activation: 0.5 * activation.pow(2).sum((0, 1)))
