"""A network's last layer as a matrix, from features at a position to classes or words."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from dreamvid.models.labels import imagenet

IMAGENET = 1000  # classes


@dataclass(frozen=True)
class Head:
    """The layer after the average pool, which is linear and so may be applied before it too."""

    layer: str  # its input, before the pool
    weight: Float[Tensor, "outputs channels"]
    bias: Float[Tensor, " outputs"]
    labels: Sequence[str] = ()  # of the outputs, if known


def classifier(layer: str, weight: Tensor, bias: Tensor) -> Head:
    """Build a classifier's head; 1000 outputs are labelled as ImageNet's classes."""
    matrix = weight.flatten(1)
    return Head(layer, matrix, bias, imagenet() if len(matrix) == IMAGENET else ())
