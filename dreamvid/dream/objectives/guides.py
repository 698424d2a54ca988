"""Objectives that pull towards a guide image's activations of the same layer, (1, C, h, w)."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamvid.dream.objectives.grid import Grid, whole_grid
from dreamvid.dream.objectives.objective import Objective, SpatialMap, Sums, everywhere
from dreamvid.image import Activation, OtherSizeActivation, Scalar
from dreamvid.system.registry import Registry

PRODUCTS = 1 << 24  # compared at a time: 64 MB, however large image and guide are
TINY = 1e-12

GUIDES: Registry[Callable[[OtherSizeActivation], Objective]] = Registry()


@GUIDES.register("guide")
def best_match(target: OtherSizeActivation) -> Objective:
    """Pull each position to its best match in a guide (`objective_guide` of dream.ipynb, 2015).

    The gradient at a position is the guide's feature vector with the largest dot product.
    """
    features = target.detach().flatten(2)[0]  # (C, h*w)

    def score(activation: Activation) -> SpatialMap:
        vectors = activation.flatten(2)[0]  # (C, H*W)
        products = (vectors * features[:, best_matches(vectors.detach(), features)]).sum(0)
        return products.reshape(activation.shape[-2:])

    return everywhere(score)


@GUIDES.register("guide-mean")
def statistics(target: OtherSizeActivation) -> Objective:
    """Match the mean and spread of a guide's channels, wherever in the image.

    Minus the squared distance of both, in units of the guide's spread (the statistics of
    Huang and Belongie, "Arbitrary style transfer", 2017, as an objective).
    """
    mean, spread = _mean_and_spread(_moments(target.detach(), whole_grid(target)))
    unit = spread.pow(2).mean() + TINY

    def reduce(sums: Sums) -> Scalar:
        here, here_spread = _mean_and_spread(sums)
        distance = (here - mean).pow(2) + (here_spread - spread).pow(2)
        return -(distance / unit).mean()

    return Objective(_moments, reduce)


@GUIDES.register("style")
def style(target: OtherSizeActivation) -> Objective:
    """Match the Gram matrix of a guide (Gatys et al., 2015)."""
    goal = _gram(_products(target.detach(), whole_grid(target)), target.shape[1])
    unit = goal.pow(2).sum() + TINY

    def reduce(sums: Sums) -> Scalar:
        return -(_gram(sums, target.shape[1]) - goal).pow(2).sum() / unit

    return Objective(_products, reduce)


def best_matches(
    vectors: Float[Tensor, "channels n"], features: Float[Tensor, "channels m"]
) -> Int[Tensor, " n"]:
    """Find, for each of n vectors, the index of the feature vector with the largest product."""
    size = max(1, PRODUCTS // features.shape[1])
    return torch.cat([(part.T @ features).argmax(dim=1) for part in vectors.split(size, dim=1)])


def _weighted(activation: Activation, grid: Grid) -> tuple[Tensor, Tensor]:
    """Flatten the own positions, (C, n), and their weights, (n)."""
    vectors = grid.of(activation).flatten(2)[0]
    weights = grid.weights()
    if isinstance(weights, Tensor):
        return vectors, weights.flatten()
    return vectors, vectors.new_ones(vectors.shape[1])


def _moments(activation: Activation, grid: Grid) -> Sums:
    """Sum the weights, then each channel, then its squares."""
    vectors, weights = _weighted(activation, grid)
    return torch.cat([weights.sum()[None], vectors @ weights, vectors.pow(2) @ weights])


def _mean_and_spread(sums: Sums) -> tuple[Tensor, Tensor]:
    mean, square = (sums[1:] / sums[0].clamp_min(TINY)).chunk(2)
    # The gradient of a root is infinite at 0, where a channel is constant.
    return mean, (square - mean.pow(2)).clamp_min(1e-6).sqrt()


def _products(activation: Activation, grid: Grid) -> Sums:
    """Sum the weights, then the products of each two channels."""
    vectors, weights = _weighted(activation, grid)
    return torch.cat([weights.sum()[None], ((vectors * weights) @ vectors.T).flatten()])


def _gram(sums: Sums, channels: int) -> Float[Tensor, "channels channels"]:
    return (sums[1:] / sums[0].clamp_min(TINY)).reshape(channels, channels)
