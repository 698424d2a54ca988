"""Losses between a network's outputs and the vectors of the photos' captions.

To add a loss, write a function (outputs, captions) -> a number to decrease, and name it in
LOSSES.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.optim import AdamW, Optimizer

from dreamvid.training.head import BIAS, WEIGHT

Vectors = Float[Tensor, "photos dimensions"]
DECAY = 0.01  # weight decay of AdamW
MARGIN = 0.4  # of a cosine; Gomez 2018
ALIKE = 0.9  # cosine from which on two captions say the same


def recipe(outputs: Vectors, captions: Vectors) -> Float[Tensor, ""]:
    """Compute the 2018 recipe's loss: outputs are logits of captions, each scaled to [0, 1].

    Sigmoid cross-entropy (Caffe's SigmoidCrossEntropyLoss), summed over dimensions, divided by
    the number of photos.
    """
    least, most = captions.amin(1, keepdim=True), captions.amax(1, keepdim=True)
    targets = (captions - least) / (most - least)
    return F.binary_cross_entropy_with_logits(outputs, targets, reduction="sum") / len(outputs)


def contrastive(outputs: Vectors, captions: Vectors) -> Float[Tensor, ""]:
    """Compute a hinge loss that pulls photos nearer to their own caption than to others'.

    A margin between cosines, which the recipe's author later preferred (Gomez et al. 2018,
    "Learning from #Barcelona Instagram data what Locals and Tourists post about its
    Neighbourhoods"), except that all other captions of the batch are negatives, not a random one.
    Captions that say the same are no negatives of each other. 0 if a batch has no negatives.
    """
    texts = F.normalize(captions, dim=1)
    cosines = F.normalize(outputs, dim=1) @ texts.T
    negatives = texts @ texts.T < ALIKE
    hinge = (MARGIN - cosines.diagonal()[:, None] + cosines).clamp_min(0)
    return (hinge * negatives).sum() / negatives.sum().clamp_min(1)


@dataclass(frozen=True)
class Loss:
    measure: Callable[[Vectors, Vectors], Float[Tensor, ""]]
    centred: bool  # captions are taken around their mean
    rate: float  # initial learning rate of the head, for some hundreds of photos
    rate_of_many: float  # for thousands
    layers: float  # learning rate of the network's own weights, relative to the head's

    def make_optimiser(self, weights: Mapping[str, Tensor]) -> Optimizer:
        """Make AdamW for a `TrainableHead`'s weights; a group's `times` multiplies its rate.

        AdamW, since the recipe's SGD takes its 120,000 steps. With the recipe's loss the layers
        must learn more slowly than the head, whose weights are random at first: as fast as it,
        they fall silent to please it. Cosines do not depend on the size of outputs; with them,
        slower layers find words no better, and dream of the base's animals.
        """
        head = [weights[name] for name in (WEIGHT, BIAS)]
        layers = [value for name, value in weights.items() if name not in (WEIGHT, BIAS)]
        groups = [{"params": head, "times": 1.0}, {"params": layers, "times": self.layers}]
        return AdamW(groups, weight_decay=DECAY)


LOSSES = {
    "contrastive": Loss(contrastive, True, 1e-3, 3e-4, 1.0),
    "recipe": Loss(recipe, False, 3e-3, 1e-3, 0.03),
}
"""Losses by name; the first is the default."""
