"""A network's last step as a matrix: from what it sees at a place to classes, or to words."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from dreamvid.models.labels import imagenet

IMAGENET = 1000  # classes


@dataclass(frozen=True)
class Head:
    """What a network does after its average pool, which is as good before it: it is linear."""

    layer: str  # the layer it reads, before the pool
    weight: Float[Tensor, "outputs channels"]
    bias: Float[Tensor, " outputs"]
    labels: Sequence[str] = ()  # of the outputs, where they are known


def classifier(layer: str, weight: Tensor, bias: Tensor) -> Head:
    """The head of a network trained on ImageNet, or, by its count, of one that was not."""
    matrix = weight.flatten(1)
    return Head(layer, matrix, bias, imagenet() if len(matrix) == IMAGENET else ())
