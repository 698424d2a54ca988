"""Attribution of a goal to the channels of layers, over some images."""

from collections.abc import Iterable, Sequence

import torch

from dreamvid.explore.directions.goals import Goal
from dreamvid.image import OtherSizeImage
from dreamvid.models.directions.direction import Weights
from dreamvid.models.features import FeatureModel

TINY = 1e-30
FAINT = 1e-3  # share of a layer's strongest channel, below which an activation is hardly visible


def contributions(
    features: FeatureModel, goal: Goal, images: Iterable[OtherSizeImage], layers: Sequence[str]
) -> dict[str, Weights]:
    """Sum gradient of the goal times activation over all positions (Grad-CAM, 2017).

    Each image has the same weight: the magnitudes of its channels' shares add up to 1. A direction
    weighs the squares of activations, so the shares are divided by their rms.
    """
    inputs = list(dict.fromkeys([*layers, goal.layer]))
    shares: dict[str, list[Weights]] = {layer: [] for layer in layers}
    energy: dict[str, list[Weights]] = {layer: [] for layer in layers}
    for image in images:
        outputs = features(image.detach().requires_grad_(), inputs)
        activations = [outputs[layer] for layer in layers]
        gradients = torch.autograd.grad(goal(outputs[goal.layer]).sum(), activations)
        for layer, activation, gradient in zip(layers, activations, gradients, strict=True):
            part = (gradient * activation).detach().sum((0, 2, 3))
            shares[layer].append(part / part.abs().sum().clamp_min(TINY))
            energy[layer].append(activation.detach().square().mean((0, 2, 3)))
    return {layer: _mean(shares[layer]) / _rms(_mean(energy[layer])) for layer in layers}


def _mean(rows: Sequence[Weights]) -> Weights:
    return torch.stack([*rows]).mean(0)


def _rms(energy: Weights) -> Weights:
    rms = energy.sqrt()
    return rms + FAINT * rms.max() + TINY
