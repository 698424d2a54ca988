"""A direction from photos: what these have and others have not, without labels or training."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import OtherSizeImage
from dreamvid.models.directions.direction import Weights
from dreamvid.models.features import FeatureModel

NOISE = 1e-4  # activation; a channel that never changes says nothing

Levels = Float[Tensor, "_ channels"]
"""The rms activation of a layer's channels in each picture."""


def contrast(
    features: FeatureModel,
    these: Iterable[OtherSizeImage],
    others: Iterable[OtherSizeImage],
    layers: Sequence[str],
) -> dict[str, Weights]:
    """How far the channels' rms lies above the others', in standard deviations; 0 below."""
    here, there = (levels(features, pictures, layers) for pictures in (these, others))
    return {layer: _above(here[layer], there[layer]) for layer in layers}


def levels(
    features: FeatureModel, pictures: Iterable[OtherSizeImage], layers: Sequence[str]
) -> Mapping[str, Levels]:
    found: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    with torch.no_grad():
        for picture in pictures:
            seen = features(picture, layers)
            for layer in layers:
                found[layer].append(seen[layer].square().mean((0, 2, 3)).sqrt())
    return {layer: torch.stack(rows) for layer, rows in found.items()}


def _above(here: Levels, there: Levels) -> Weights:
    spread = here.std(0) + there.std(0)
    return ((here.mean(0) - there.mean(0)) / (spread + NOISE)).clamp_min(0)
