"""Objectives led by another picture: a guide.

Each takes the guide's activations of the same layer, (1, C, h, w), of any size.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamvid.dream.objectives.grid import Grid, whole_grid
from dreamvid.dream.objectives.objective import Objective, SpatialMap, Sums, everywhere
from dreamvid.image import Activation, OtherSizeActivation, Scalar
from dreamvid.system.registry import Registry

PRODUCTS = 1 << 24  # compared at a time: 64 MB, however large picture and guide are
TINY = 1e-12

GUIDES: Registry[Callable[[OtherSizeActivation], Objective]] = Registry()


@GUIDES.register("guide")
def best_match(target: OtherSizeActivation) -> Objective:
    """The features of a guide: each place is pulled to its best match there.

    `objective_guide` of dream.ipynb, 2015: the gradient at a place is the guide's feature
    vector whose dot product with the place's own is largest.
    """
    features = target.detach().flatten(2)[0]  # (C, h*w)

    def score(activation: Activation) -> SpatialMap:
        places = activation.flatten(2)[0]  # (C, H*W)
        products = (places * features[:, best_matches(places.detach(), features)]).sum(0)
        return products.reshape(activation.shape[-2:])

    return everywhere(score)


@GUIDES.register("guide-mean")
def statistics(target: OtherSizeActivation) -> Objective:
    """The guide's mixture, wherever in the picture: mean and spread of each channel.

    The squared distance of both, in units of the guide's spread, lowered (the statistics of
    Huang and Belongie, "Arbitrary style transfer", 2017, as an objective).
    """
    mean, spread = _mean_and_spread(_moments(target.detach(), whole_grid(target)))
    unit = spread.pow(2).mean() + TINY

    def reduce(sums: Sums) -> Scalar:
        here, here_spread = _mean_and_spread(sums)
        apart = (here - mean).pow(2) + (here_spread - spread).pow(2)
        return -(apart / unit).mean()

    return Objective(_moments, reduce)


@GUIDES.register("style")
def style(target: OtherSizeActivation) -> Objective:
    """What goes with what in the guide: its Gram matrix (Gatys et al., 2015), approached."""
    goal = _gram(_products(target.detach(), whole_grid(target)), target.shape[1])
    unit = goal.pow(2).sum() + TINY

    def reduce(sums: Sums) -> Scalar:
        return -(_gram(sums, target.shape[1]) - goal).pow(2).sum() / unit

    return Objective(_products, reduce)


def best_matches(
    places: Float[Tensor, "channels n"], features: Float[Tensor, "channels m"]
) -> Int[Tensor, " n"]:
    """For each of n places the number of the feature vector with the largest product."""
    size = max(1, PRODUCTS // features.shape[1])
    return torch.cat([(part.T @ features).argmax(dim=1) for part in places.split(size, dim=1)])


def _counted(activation: Activation, grid: Grid) -> tuple[Tensor, Tensor]:
    """The own places, (C, n), and how much each counts, (n)."""
    places = grid.of(activation).flatten(2)[0]
    weights = grid.weights()
    if isinstance(weights, Tensor):
        return places, weights.flatten()
    return places, places.new_ones(places.shape[1])


def _moments(activation: Activation, grid: Grid) -> Sums:
    """How much was counted, then each channel's sum, then its squares' sum."""
    places, weights = _counted(activation, grid)
    return torch.cat([weights.sum()[None], places @ weights, places.pow(2) @ weights])


def _mean_and_spread(sums: Sums) -> tuple[Tensor, Tensor]:
    mean, square = (sums[1:] / sums[0].clamp_min(TINY)).chunk(2)
    # Its root's slope is infinite at 0, where a channel sees nothing at all.
    return mean, (square - mean.pow(2)).clamp_min(1e-6).sqrt()


def _products(activation: Activation, grid: Grid) -> Sums:
    places, weights = _counted(activation, grid)
    return torch.cat([weights.sum()[None], ((places * weights) @ places.T).flatten()])


def _gram(sums: Sums, channels: int) -> Float[Tensor, "channels channels"]:
    return (sums[1:] / sums[0].clamp_min(TINY)).reshape(channels, channels)
