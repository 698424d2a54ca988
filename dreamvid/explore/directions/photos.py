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


def contrast(here: Mapping[str, Levels], there: Mapping[str, Levels]) -> dict[str, Weights]:
    """Contrast the levels of images with those of others, by layer."""
    return {layer: above(here[layer], there[layer]) for layer in here}


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


def above(here: Levels, there: Levels) -> Weights:
    """Measure by how many standard deviations each channel is stronger; at least 0."""
    spread = here.std(0) + there.std(0)
    return ((here.mean(0) - there.mean(0)) / (spread + NOISE)).clamp_min(0)
