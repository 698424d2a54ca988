"""What the channels of layers add to a goal in some pictures."""

from collections.abc import Iterable, Sequence

import torch

from dreamvid.explore.directions.goals import Goal
from dreamvid.image import OtherSizeImage
from dreamvid.models.directions.direction import Weights
from dreamvid.models.features import FeatureModel

TINY = 1e-30
FAINT = 1e-3  # of a layer's strongest channel: what is fainter is hardly seen at all


def contributions(
    features: FeatureModel, goal: Goal, pictures: Iterable[OtherSizeImage], layers: Sequence[str]
) -> dict[str, Weights]:
    """Gradient of the goal times activation, over all places (Grad-CAM's reading, 2017).

    Each picture counts alike: its channels' shares add up to 1, or -1 where they speak against.
    As a direction weighs the squares of activations, they are divided by their size (rms).
    """
    wanted = list(dict.fromkeys([*layers, goal.layer]))
    added: dict[str, list[Weights]] = {layer: [] for layer in layers}
    energy: dict[str, list[Weights]] = {layer: [] for layer in layers}
    for picture in pictures:
        seen = features(picture.detach().requires_grad_(), wanted)
        maps = [seen[layer] for layer in layers]
        slopes = torch.autograd.grad(goal(seen[goal.layer]).sum(), maps)
        for layer, map_, slope in zip(layers, maps, slopes, strict=True):
            part = (slope * map_).detach().sum((0, 2, 3))
            added[layer].append(part / part.abs().sum().clamp_min(TINY))
            energy[layer].append(map_.detach().square().mean((0, 2, 3)))
    return {layer: _mean(added[layer]) / _size(_mean(energy[layer])) for layer in layers}


def _mean(rows: Sequence[Weights]) -> Weights:
    return torch.stack([*rows]).mean(0)


def _size(energy: Weights) -> Weights:
    rms = energy.sqrt()
    return rms + FAINT * rms.max() + TINY
