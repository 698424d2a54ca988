"""What learns: a network's late layers, and a linear head from their mean to a space of words."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.models.features import Trainable
from dreamvid.models.head import Head
from dreamvid.models.networks.city import City
from dreamvid.training.base import Base
from dreamvid.training.frozen_features import Activations
from dreamvid.training.words.text_space import TextSpace

WEIGHT, BIAS = "words.weight", "words.bias"  # the head's; a network may have a `head` too
DROPOUT = 0.4  # share of the mean activations left out at each step; BVLC GoogLeNet's


@dataclass(frozen=True)
class Top:
    """A network whose learnable weights are leaves that an optimiser may change in place."""

    network: Trainable
    layer: str  # whose mean over all places the head reads
    weights: Mapping[str, Tensor]  # `network.learnable` under its names, and the head's

    @property
    def dimensions(self) -> int:
        return len(self.weights[BIAS])

    def embed(
        self, seen: Activations, rng: torch.Generator | None = None
    ) -> Float[Tensor, "photos dimensions"]:
        """Where photos land in the space of words.

        Args:
            seen: the activation of the network's `frozen` layer.
            rng: draws what is left out while training; None leaves nothing out.
        """
        means = self.network.after_frozen(seen, self.layer).mean((2, 3))
        if rng is not None:
            kept = torch.rand(means.shape, generator=rng) >= DROPOUT  # the same on any device
            means = means * kept.to(means.device) / (1 - DROPOUT)
        return F.linear(means, self.weights[WEIGHT], self.weights[BIAS])


def make_top(base: Base, seen: Activations, dimensions: int, *, seed: int) -> Top:
    """The base's own late layers, and a new head: Xavier's uniform weights, bias 0.

    Args:
        seen: any activation of the frozen part, on the base's device.
    """
    network, layer = base.network, base.top_layer
    with torch.no_grad():
        width = network.after_frozen(seen, layer).shape[1]
    bound = sqrt(6 / (width + dimensions))
    rng = torch.Generator().manual_seed(seed)
    head = torch.empty(dimensions, width).uniform_(-bound, bound, generator=rng)
    start = {**network.learnable, WEIGHT: head, BIAS: torch.zeros(dimensions)}
    weights = {
        name: value.clone().to(seen.device).requires_grad_() for name, value in start.items()
    }
    # No `to` from here on: it could put copies in the place of the leaves.
    learned = {name: weights[name] for name in network.learnable}
    return Top(network.with_learned(learned), layer, weights)


def as_city(
    top: Top,
    base: Base,
    space: TextSpace,
    *,
    mean_output: Float[Tensor, " dimensions"],
    mean_caption: Float[Tensor, " dimensions"],
    about: Mapping[str, Any],
) -> City:
    """The finished model: outputs and words are both taken around the mean of the photos learned.

    Cosines are between directions, and most of an output, as of a caption, is what all of them
    share; around their means what tells them apart is left. What is left out of the outputs goes
    into the head's bias. A network trained by `losses.recipe` gives logits of captions scaled
    to [0, 1]; near 1/2 these are linear, so that they too are captions, but for a scale.
    """
    weights = {name: value.detach().cpu() for name, value in top.weights.items()}
    return City(
        base=base.name,
        architecture=base.architecture,
        fingerprint=base.fingerprint,
        pixels=base.pixels,
        learned={name: weights[name] for name in top.network.learnable},
        head=Head(top.layer, weights[WEIGHT], weights[BIAS] - mean_output.cpu()),
        words=space.words,
        vectors=F.normalize(space.vectors, dim=1) - mean_caption,
        about=about,
    )
