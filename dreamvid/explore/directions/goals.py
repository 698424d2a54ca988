"""What a direction is to lead to, as a value at every place: some labels, or some words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.objectives.objective import SpatialMap
from dreamvid.image import Activation
from dreamvid.models.directions.direction import Weights
from dreamvid.models.head import Head
from dreamvid.models.words import WordSpace

Outputs = Float[Tensor, "outputs rows columns"]


@dataclass(frozen=True)
class Goal:
    head: Head
    wanted: Callable[[Outputs], SpatialMap]
    rows: Sequence[Weights]  # what the channels of the head's layer add to each label, or the words

    @property
    def weights(self) -> Weights:
        """Which channels of the head's layer speak for it in all."""
        return torch.stack([*self.rows]).mean(0)

    @property
    def layer(self) -> str:
        return self.head.layer

    def __call__(self, seen: Activation) -> SpatialMap:
        """How near each place of the head's layer is."""
        return self.wanted(F.conv2d(seen, self.head.weight[:, :, None, None], self.head.bias)[0])


def towards_labels(head: Head, classes: Sequence[int]) -> Goal:
    """The log-odds of these classes against all others.

    Against the others and not against all: the latter's slope vanishes where a dream has
    them already, and what little is left speaks for nothing.
    """
    chosen = torch.zeros(len(head.bias), dtype=torch.bool, device=head.bias.device)
    chosen[list(classes)] = True

    def odds(outputs: Outputs) -> SpatialMap:
        return outputs[chosen].logsumexp(0) - outputs[~chosen].logsumexp(0)

    apart = head.weight[chosen] - head.weight.mean(0)
    return Goal(head, odds, list(apart))


def towards_words(space: WordSpace, text: str, against: str | None = None) -> Goal:
    """The cosine with these words, less that with those `against`.

    Raises ValueError naming a word that is not known.
    """
    target = space.vector(text)
    if against is not None:
        target = target - space.vector(against)

    def cosine(outputs: Outputs) -> SpatialMap:
        return torch.einsum("d,dhw->hw", target, F.normalize(outputs, dim=0))

    return Goal(space.head, cosine, [target @ space.head.weight])
