"""A direction from photos, by contrast with other images, without labels or training."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import OtherSizeImage
from dreamvid.models.directions.direction import Weights
from dreamvid.models.features import FeatureModel

NOISE = 1e-4  # of activations; a channel that never changes gets no weight

Levels = Float[Tensor, "_ channels"]
"""Rms activation of a layer's channels in each image."""


def contrast(
    features: FeatureModel,
    these: Iterable[OtherSizeImage],
    others: Iterable[OtherSizeImage],
    layers: Sequence[str],
) -> dict[str, Weights]:
    """Contrast the channels' rms with the others', in standard deviations above it; at least 0."""
    here, there = (levels(features, images, layers) for images in (these, others))
    return {layer: _above(here[layer], there[layer]) for layer in layers}


def levels(
    features: FeatureModel, images: Iterable[OtherSizeImage], layers: Sequence[str]
) -> Mapping[str, Levels]:
    """Measure each layer's channels in each image."""
    rows: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    with torch.no_grad():
        for image in images:
            outputs = features(image, layers)
            for layer in layers:
                rows[layer].append(outputs[layer].square().mean((0, 2, 3)).sqrt())
    return {layer: torch.stack(levels) for layer, levels in rows.items()}


def _above(here: Levels, there: Levels) -> Weights:
    spread = here.std(0) + there.std(0)
    return ((here.mean(0) - there.mean(0)) / (spread + NOISE)).clamp_min(0)
