"""Goals of a direction: a value at every position for some labels or words."""

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
    """A value to increase at every position of the head's layer."""

    head: Head
    value: Callable[[Outputs], SpatialMap]
    rows: Sequence[Weights]  # weights of the head layer's channels for each label, or the words

    @property
    def weights(self) -> Weights:
        """Mean weights of the head layer's channels."""
        return torch.stack([*self.rows]).mean(0)

    @property
    def layer(self) -> str:
        return self.head.layer

    def __call__(self, activation: Activation) -> SpatialMap:
        """Evaluate the goal at each position of the head layer's activation."""
        weight = self.head.weight[:, :, None, None]
        return self.value(F.conv2d(activation, weight, self.head.bias)[0])


def towards_labels(head: Head, classes: Sequence[int]) -> Goal:
    """Make a goal of the log-odds of these classes against all others.

    The odds are against the others, not against all classes, whose gradient vanishes where a
    dream has these classes already.
    """
    chosen = torch.zeros(len(head.bias), dtype=torch.bool, device=head.bias.device)
    chosen[list(classes)] = True

    def odds(outputs: Outputs) -> SpatialMap:
        return outputs[chosen].logsumexp(0) - outputs[~chosen].logsumexp(0)

    above_mean = head.weight[chosen] - head.weight.mean(0)
    return Goal(head, odds, list(above_mean))


def towards_words(space: WordSpace, text: str, against: str | None = None) -> Goal:
    """Make a goal of the cosine with these words, minus that with the words `against`.

    Raises ValueError naming an unknown word.
    """
    target = space.vector(text)
    if against is not None:
        target = target - space.vector(against)

    def cosine(outputs: Outputs) -> SpatialMap:
        return torch.einsum("d,dhw->hw", target, F.normalize(outputs, dim=0))

    return Goal(space.head, cosine, [target @ space.head.weight])
