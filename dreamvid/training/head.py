"""The trainable part: a network's late layers, and a linear head into the space of words."""

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
DROPOUT = 0.4  # of the mean activations at each step; BVLC GoogLeNet's


@dataclass(frozen=True)
class TrainableHead:
    """A network and a head whose weights are leaves that an optimiser may change in place."""

    network: Trainable
    layer: str  # whose spatial mean the head reads
    weights: Mapping[str, Tensor]  # `network.learnable` under its names, and the head's

    @property
    def dimensions(self) -> int:
        return len(self.weights[BIAS])

    def embed(
        self, features: Activations, rng: torch.Generator | None = None
    ) -> Float[Tensor, "photos dimensions"]:
        """Map photos into the space of words.

        Args:
            features: activations of the network's `frozen` layer.
            rng: generator for dropout; None: no dropout.
        """
        means = self.network.after_frozen(features, self.layer).mean((2, 3))
        if rng is not None:
            kept = torch.rand(means.shape, generator=rng) >= DROPOUT  # the same on any device
            means = means * kept.to(means.device) / (1 - DROPOUT)
        return F.linear(means, self.weights[WEIGHT], self.weights[BIAS])


def make_head(base: Base, features: Activations, dimensions: int, *, seed: int) -> TrainableHead:
    """Copy the base's late layers, and add a head with Xavier's uniform weights and bias 0.

    Args:
        features: any activation of the frozen layers, on the base's device.
    """
    network, layer = base.network, base.head_layer
    with torch.no_grad():
        width = network.after_frozen(features, layer).shape[1]
    bound = sqrt(6 / (width + dimensions))
    rng = torch.Generator().manual_seed(seed)
    head = torch.empty(dimensions, width).uniform_(-bound, bound, generator=rng)
    start = {**network.learnable, WEIGHT: head, BIAS: torch.zeros(dimensions)}
    weights = {
        name: value.clone().to(features.device).requires_grad_() for name, value in start.items()
    }
    # No `to` from here on: it could replace the leaves with copies.
    learned = {name: weights[name] for name in network.learnable}
    return TrainableHead(network.with_learned(learned), layer, weights)


def as_city(
    head: TrainableHead,
    base: Base,
    space: TextSpace,
    *,
    mean_output: Float[Tensor, " dimensions"],
    mean_caption: Float[Tensor, " dimensions"],
    about: Mapping[str, Any],
) -> City:
    """Assemble the finished model, outputs and words centred on the mean of the training photos.

    Cosines are between directions, and most of an output, as of a caption, is common to all of
    them; less their means, what tells them apart remains. The outputs' mean goes into the head's
    bias. A network trained by `losses.recipe` gives logits of captions scaled to [0, 1]; near 1/2
    these are linear, so that they too are captions, but for a scale.
    """
    weights = {name: value.detach().cpu() for name, value in head.weights.items()}
    return City(
        base=base.name,
        architecture=base.architecture,
        fingerprint=base.fingerprint,
        pixels=base.pixels,
        learned={name: weights[name] for name in head.network.learnable},
        head=Head(head.layer, weights[WEIGHT], weights[BIAS] - mean_output.cpu()),
        words=space.words,
        vectors=F.normalize(space.vectors, dim=1) - mean_caption,
        about=about,
        captions=space.captions,
    )
