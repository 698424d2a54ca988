"""Catalogue of objectives by their names in presets.

To add an objective, write a function that returns one and register it here, and add its name to
`LayerObjective` in `preset/objectives.py`. Its parameters are those it needs of `weights`, a
number for each channel, and `place`, across and down the image, 0 to 1.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.objectives.channels import PICKS
from dreamvid.dream.objectives.grid import Grid
from dreamvid.dream.objectives.guides import GUIDES
from dreamvid.dream.objectives.objective import Objective, SpatialMap, Sums, energy, everywhere
from dreamvid.image import Activation
from dreamvid.models.head import Head
from dreamvid.system.registry import Registry

Weights = Float[Tensor, " channels"]
OBJECTIVES: Registry[Callable[..., Objective]] = Registry({"energy": energy, **PICKS, **GUIDES})

RIVALS = 0.25  # found by trying: 0 leaves relatives in, 1 shapes the class too little
FAINT = 0.1  # least cosine that a projection is multiplied by, or nothing would ever begin
TINY = 1e-12


@OBJECTIVES.register("channel")
def channel(weights: Weights) -> Objective:
    """Increase the weighted sum of a layer's channels (Lucid's `channel`, 2017)."""
    return everywhere(lambda activation: _weighted(weights, activation))


@OBJECTIVES.register("direction")
def direction(weights: Weights) -> Objective:
    """Increase the energy of a layer, each channel weighted."""
    return everywhere(lambda activation: _weighted(weights, 0.5 * activation.pow(2)))


@OBJECTIVES.register("neuron")
def neuron(weights: Weights, place: tuple[float, float]) -> Objective:
    """Increase the weighted sum of channels at one position only (Lucid's `neuron`, 2017)."""

    def statistics(activation: Activation, grid: Grid) -> Sums:
        rows, columns = grid.nearest(place)
        values = _weighted(weights, grid.of(activation))
        return values[rows, columns].sum().reshape(1)

    return Objective(statistics, placed=True)


@OBJECTIVES.register("diversity")
def diversity() -> Objective:
    """Increase the sum of 1 - cosine over neighbouring positions."""

    def statistics(activation: Activation, grid: Grid) -> Sums:
        unit = F.normalize(activation, dim=1)
        below = 1 - (unit[..., :-1, :] * unit[..., 1:, :]).sum((0, 1))
        right = 1 - (unit[..., :-1] * unit[..., 1:]).sum((0, 1))
        rows, columns = grid.own  # a pair belongs to its upper or left position
        weights = grid.weights()
        weighed = [
            (pair[:rows, :columns] * _cut(weights, pair[:rows, :columns])).sum()
            for pair in (below, right)
        ]
        return (weighed[0] + weighed[1]).reshape(1)

    return Objective(statistics)


def _cut(weights: Tensor | float, like: Tensor) -> Tensor | float:
    """Cut weights to as many rows and columns as there are."""
    return weights[: like.shape[0], : like.shape[1]] if isinstance(weights, Tensor) else weights


@OBJECTIVES.register("class")
def labels(head: Head, weights: Weights) -> Objective:
    """Increase classes, weighted above 0, at every position instead of in the mean of all.

    The logit, as Lucid's `class_logit`; for several classes the log-sum-exp of theirs, so that
    each position becomes the one it is nearest to. A share of the log-sum-exp of all others is
    subtracted, or a lion would be a leopard as well.
    """
    chosen, others = (weights > 0).nonzero()[:, 0], (weights <= 0).nonzero()[:, 0]
    weight, bias = head.weight[:, :, None, None], head.bias

    def score(activation: Activation) -> SpatialMap:
        logits = F.conv2d(activation, weight, bias)[0]
        return logits[chosen].logsumexp(0) - RIVALS * logits[others].logsumexp(0)

    return everywhere(score)


@OBJECTIVES.register("words")
def words(head: Head, target: Float[Tensor, " dimensions"]) -> Objective:
    """Pull each position towards words' vector, through the head that embeds images among them.

    The projection onto their vector, times the cosine: the projection alone grows whatever is
    large, the cosine alone is content with a trace (of an image's dreams, as a second network
    judges them, these were nearest to their words).
    """
    goal = F.normalize(target, dim=0)

    def score(activation: Activation) -> SpatialMap:
        embedding = F.conv2d(activation, head.weight[:, :, None, None], head.bias)[0]
        projection = torch.einsum("d,dhw->hw", goal, embedding)
        cosine = projection / embedding.norm(dim=0).clamp_min(TINY)
        return projection * cosine.clamp_min(FAINT)

    return everywhere(score)


def _weighted(weights: Weights, activation: Activation) -> SpatialMap:
    return torch.einsum("c,chw->hw", weights, activation[0])
