"""How far a network's outputs are from their photos' captions, and how that is made less.

To add a loss, write a function (outputs, captions) -> a number to decrease, and name it in
LOSSES.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.optim import SGD, AdamW, Optimizer

Batch = Float[Tensor, "photos dimensions"]
MARGIN = 0.4  # of a cosine; Gomez 2018
ALIKE = 0.9  # of two captions' cosine: from here on they say the same


def recipe(outputs: Batch, captions: Batch) -> Float[Tensor, ""]:
    """The 2018 recipe: outputs are logits of the captions, each scaled to [0, 1].

    Sigmoid cross-entropy (Caffe's SigmoidCrossEntropyLoss), summed over dimensions, divided by
    the number of photos.
    """
    least, most = captions.amin(1, keepdim=True), captions.amax(1, keepdim=True)
    targets = (captions - least) / (most - least)
    return F.binary_cross_entropy_with_logits(outputs, targets, reduction="sum") / len(outputs)


def contrastive(outputs: Batch, captions: Batch) -> Float[Tensor, ""]:
    """A photo is nearer to its own caption than to others', by a margin.

    A hinge on cosines, as its author later preferred to `recipe` (Gomez et al. 2018, "Learning
    from #Barcelona Instagram data what Locals and Tourists post about its Neighbourhoods"),
    except that all of the batch's other captions are negatives, not a random one. Captions that
    say the same are no negatives of each other. 0 where a batch has no negatives.
    """
    texts = F.normalize(captions, dim=1)
    cosines = F.normalize(outputs, dim=1) @ texts.T
    negatives = texts @ texts.T < ALIKE
    short = (MARGIN - cosines.diagonal()[:, None] + cosines).clamp_min(0)
    return (short * negatives).sum() / negatives.sum().clamp_min(1)


def momentum(groups: Sequence[dict[str, Any]]) -> Optimizer:
    """The 2018 recipe's."""
    return SGD(groups, momentum=0.9)


@dataclass(frozen=True)
class Loss:
    measure: Callable[[Batch, Batch], Float[Tensor, ""]]
    centred: bool  # whether captions are taken around their mean
    rate: float  # of learning, at the beginning, of some hundreds of photos
    rate_of_many: float  # of thousands
    decay: float  # of weights, not of biases
    biases: float  # their rate, in rates
    optimiser: Callable[[Sequence[dict[str, Any]]], Optimizer]

    def make_optimiser(self, weights: Mapping[str, Tensor]) -> Optimizer:
        """Over weights and biases, by their names' ends. `times` is a group's rate, in rates."""
        biases = [value for name, value in weights.items() if name.endswith("bias")]
        others = [value for name, value in weights.items() if not name.endswith("bias")]
        groups = [
            {"params": others, "weight_decay": self.decay, "times": 1.0},
            {"params": biases, "weight_decay": 0.0, "times": self.biases},
        ]
        return self.optimiser(groups)


LOSSES = {
    "contrastive": Loss(contrastive, True, 1e-3, 3e-4, 0.01, 1.0, AdamW),
    "recipe": Loss(recipe, False, 1e-3, 1e-3, 2e-4, 2.0, momentum),
}
"""The first is the one taken where nobody says another."""
