"""What a dream makes more of: activations of one layer -> a score to increase.

To add one, write a function that returns an Objective and name it in OBJECTIVES;
presets can then say `dream.objective = "its-name"`.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamvid.image import Activation, Scalar

Objective = Callable[[Activation], Scalar]

PRODUCTS = 1 << 24  # compared at a time: 64 MB, however large image and guide are


def energy() -> Objective:
    """Whatever the layer already sees, stronger: the L2 objective of dream.ipynb, 2015."""
    return lambda activation: 0.5 * activation.pow(2).sum()


def guide(target: Activation) -> Objective:
    """The features of another picture: each place is pulled to its best match there.

    `objective_guide` of dream.ipynb, 2015: the gradient at a place is the guide's feature
    vector whose dot product with the place's own is largest.

    Args:
        target: (1, C, h, w), the same layer's activations for the guide picture.
    """
    features = target.detach().flatten(2)[0]  # (C, h*w)

    def objective(activation: Activation) -> Scalar:
        places = activation.flatten(2)[0]  # (C, H*W)
        return (places * features[:, best_match(places.detach(), features)]).sum()

    return objective


def only(channels: Sequence[int], objective: Objective) -> Objective:
    """The objective of some of a layer's channels, as if it had no others."""
    return lambda activation: objective(activation[:, list(channels)])


def best_match(
    places: Float[Tensor, "channels n"], features: Float[Tensor, "channels m"]
) -> Int[Tensor, " n"]:
    """For each of n places the number of the feature vector with the largest product."""
    size = max(1, PRODUCTS // features.shape[1])
    return torch.cat([(part.T @ features).argmax(dim=1) for part in places.split(size, dim=1)])


OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "energy": energy,  # takes nothing
    "guide": guide,  # takes the guide picture's activations
}
