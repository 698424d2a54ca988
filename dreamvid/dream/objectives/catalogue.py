"""What a dream makes more of.

To add an objective, write a function that returns one and register it here, and add its name to
`LayerObjective` in `preset/objectives.py`. Its parameters are those it needs of `weights`, a
number for each channel, and `place`, in shares of the image.
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
FAINT = 0.1  # least cosine that a word's length is counted by, or nothing would ever begin
TINY = 1e-12


@OBJECTIVES.register("channel")
def channel(weights: Weights) -> Objective:
    """Some channels more active, by their weights; below 0, less (Lucid's `channel`, 2017)."""
    return everywhere(lambda activation: _weighted(weights, activation))


@OBJECTIVES.register("direction")
def direction(weights: Weights) -> Objective:
    """The energy of a layer, each channel's counted by a weight."""
    return everywhere(lambda activation: _weighted(weights, 0.5 * activation.pow(2)))


@OBJECTIVES.register("neuron")
def neuron(weights: Weights, place: tuple[float, float]) -> Objective:
    """Some channels more active at one place only (Lucid's `neuron`, 2017).

    Args:
        place: across and down the picture, 0 to 1.
    """

    def statistics(activation: Activation, grid: Grid) -> Sums:
        rows, columns = grid.nearest(place)
        values = _weighted(weights, grid.of(activation))
        return values[rows, columns].sum().reshape(1)

    return Objective(statistics, placed=True)


@OBJECTIVES.register("diversity")
def diversity() -> Objective:
    """Neighbouring places unlike each other: 1 less the cosine of what they see, summed."""

    def statistics(activation: Activation, grid: Grid) -> Sums:
        unit = F.normalize(activation, dim=1)
        below = 1 - (unit[..., :-1, :] * unit[..., 1:, :]).sum((0, 1))
        right = 1 - (unit[..., :-1] * unit[..., 1:]).sum((0, 1))
        rows, columns = grid.own  # a pair belongs to its upper or left place
        weights = grid.weights()
        weighed = [
            (pair[:rows, :columns] * _cut(weights, pair[:rows, :columns])).sum()
            for pair in (below, right)
        ]
        return (weighed[0] + weighed[1]).reshape(1)

    return Objective(statistics)


def _cut(weights: Tensor | float, like: Tensor) -> Tensor | float:
    """The weights of as many rows and columns as there are."""
    return weights[: like.shape[0], : like.shape[1]] if isinstance(weights, Tensor) else weights


@OBJECTIVES.register("class")
def labels(head: Head, wanted: Weights) -> Objective:
    """Classes of a classifier, applied at every place instead of to the mean of all.

    The logit, as Lucid's `class_logit`; of several classes the logarithm of their summed
    exponentials, so that each place becomes the one it is nearest to. A part of the same of
    all others is taken off, or a lion would be a leopard as well.

    Args:
        wanted: above 0 for the classes to be seen.
    """
    chosen, others = (wanted > 0).nonzero()[:, 0], (wanted <= 0).nonzero()[:, 0]
    weight, bias = head.weight[:, :, None, None], head.bias

    def score(activation: Activation) -> SpatialMap:
        logits = F.conv2d(activation, weight, bias)[0]
        return logits[chosen].logsumexp(0) - RIVALS * logits[others].logsumexp(0)

    return everywhere(score)


@OBJECTIVES.register("words")
def words(head: Head, target: Float[Tensor, " dimensions"]) -> Objective:
    """Each place pulled towards words, through the head that puts pictures among them.

    How far it goes their way, times the cosine: the one alone grows whatever is large, the other
    alone is as pleased with a trace (of a picture's dreams, as a second network judges them,
    these were nearest to their words).

    Args:
        target: the words' vector, in the space the head leads to.
    """
    goal = F.normalize(target, dim=0)

    def score(activation: Activation) -> SpatialMap:
        seen = F.conv2d(activation, head.weight[:, :, None, None], head.bias)[0]
        along = torch.einsum("d,dhw->hw", goal, seen)
        cosine = along / seen.norm(dim=0).clamp_min(TINY)
        return along * cosine.clamp_min(FAINT)

    return everywhere(score)


def _weighted(weights: Weights, activation: Activation) -> SpatialMap:
    return torch.einsum("c,chw->hw", weights, activation[0])
