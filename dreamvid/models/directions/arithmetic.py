"""Sums of directions.

A direction's weights say nothing about its size: those of a file add up to 1 in each layer, those
of another program may be anything. Directions are put on one scale before they are added: in each
layer a weight vector whose Euclidean norm is that layer's share, shares adding up to 1.
"""

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor

from dreamvid.models.directions.direction import Direction

SPEAKS = 2.0  # times the mean of a layer's channels: those above it speak for a direction

LayerWeights = dict[str, Float[Tensor, " _"]]
"""Weights by layer, of different numbers of channels."""


def on_one_scale(direction: Direction) -> LayerWeights:
    """Scale a direction to shares that add up to 1, each the norm of its layer's weights.

    A layer of zeros is left out.
    """
    weights = {layer: one for layer, one in direction.weights.items() if bool(one.any())}
    total = sum(direction.share(layer) for layer in weights)
    return {
        layer: one * (direction.share(layer) / total / one.norm()) for layer, one in weights.items()
    }


def summed(terms: Sequence[tuple[float, LayerWeights]]) -> LayerWeights:
    """Add directions on one scale, each times its number; a layer may be in one of them only."""
    total: LayerWeights = {}
    for number, weights in terms:
        for layer, one in weights.items():
            total[layer] = total[layer] + number * one if layer in total else number * one
    return total


def shares_of(terms: Sequence[tuple[float, LayerWeights]]) -> dict[str, float]:
    """Average the shares of the directions that are added, by their numbers above 0.

    A layer that only subtracted ones have has no share, and is left out.
    """
    added = [(number, weights) for number, weights in terms if number > 0]
    total = sum(number for number, _ in added)
    shares: dict[str, float] = {}
    for number, weights in added:
        for layer, one in weights.items():
            shares[layer] = shares.get(layer, 0.0) + number * float(one.norm()) / total
    return shares


def without(weights: LayerWeights, others: Sequence[Mapping[str, Tensor]]) -> LayerWeights:
    """Set the channels that speak for other directions to 0, or leave them below it.

    A channel speaks for a direction by a weight above SPEAKS times the mean of the layer's
    positive weights, over all its channels: all channels of a direction that was cut to its
    strongest ones, and the strongest of one that was not.
    """
    result = dict(weights)
    for other in others:
        for layer, one in other.items():
            if layer in result:
                positive = one.clamp_min(0)
                speaks = positive > SPEAKS * positive.mean()
                result[layer] = result[layer].where(~speaks, result[layer].clamp_max(0))
    return result
