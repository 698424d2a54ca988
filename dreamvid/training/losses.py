"""How far a network's outputs are from their photos' captions, and how that is made less.

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

Batch = Float[Tensor, "photos dimensions"]
DECAY = 0.01  # of weights, a step, in rates
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


@dataclass(frozen=True)
class Loss:
    measure: Callable[[Batch, Batch], Float[Tensor, ""]]
    centred: bool  # whether captions are taken around their mean
    rate: float  # of the head's learning, at the beginning, of some hundreds of photos
    rate_of_many: float  # of thousands
    layers: float  # the rate of the network's own weights, in the head's

    def make_optimiser(self, weights: Mapping[str, Tensor]) -> Optimizer:
        """Over a `Top`'s weights. `times` is a group's rate, in rates.

        AdamW, since the recipe's SGD takes its 120,000 steps. By the recipe's loss the layers
        must learn more slowly than the head, which begins at random: as fast as it, they fall
        silent to please it. Of cosines the size of outputs is no part; there, slower layers
        find words no better, and dream of the base's animals.
        """
        head = [weights[name] for name in (WEIGHT, BIAS)]
        layers = [value for name, value in weights.items() if name not in (WEIGHT, BIAS)]
        groups = [{"params": head, "times": 1.0}, {"params": layers, "times": self.layers}]
        return AdamW(groups, weight_decay=DECAY)


LOSSES = {
    "contrastive": Loss(contrastive, True, 1e-3, 3e-4, 1.0),
    "recipe": Loss(recipe, False, 3e-3, 1e-3, 0.03),
}
"""The first is the one taken where nobody says another."""
