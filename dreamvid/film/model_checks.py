"""Checks of a preset against its model."""

import logging
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.models.features import FeatureModel
from dreamvid.preset.objectives import LayerWeight
from dreamvid.preset.schema import DreamOptions

logger = logging.getLogger(__name__)

AMPLE = 256  # pixels a side, enough for each layer of all networks


def note_unlearned(names: Sequence[str], features: FeatureModel) -> None:
    """Warn of layers of a city model that are those of its base."""
    base, same = features.same_as or ("", ())
    unchanged = [name for name in names if name in same]
    if unchanged:
        learned = next(name for name in features.layers if name not in same)
        logger.warning(
            "dream.layers: at %s %s is %s itself and dreams the same; its own begin with %s",
            *(", ".join(unchanged), features.name, base, learned),
        )


def check_octave_size(
    options: DreamOptions, features: FeatureModel, smallest: tuple[int, int], device: torch.device
) -> None:
    """Raise ModelError for a layer without positions in the smallest octave, (height, width)."""
    if min(smallest) >= AMPLE:
        return
    heads = [features.head] if options.classes else []
    heads += [features.words.head] if options.words and features.words else []
    layers = [layer.name for layer in options.layers] + [head.layer for head in heads if head]
    with torch.no_grad():
        features(torch.zeros(1, 3, *smallest, device=device), layers)


def check_channels(
    layers: tuple[LayerWeight, ...], features: FeatureModel, device: torch.device
) -> None:
    """Raise PresetError for a channel that a layer does not have."""
    counts = channel_counts([layer.name for layer in layers if layer.channels], features, device)
    for layer in layers:
        count = counts.get(layer.name)
        if count is not None and layer.channels and max(layer.channels) >= count:
            raise PresetError(
                "dream.layers",
                f"{layer.name} of {features.name} has no channel {max(layer.channels)}",
                f"they are 0 to {count - 1}",
            )


def check_directed(options: DreamOptions, known: Sequence[str]) -> None:
    """Raise PresetError for a layer without a direction among the known ones' layers."""
    for layer, objective in zip(options.layers, options.layer_objectives, strict=False):
        if objective == "direction" and layer.name not in known and not layer.channel_weights:
            names = ", ".join(known) or "none: dream.direction names no file"
            problem = f"there is no direction for {layer.name}"
            cure = f"there are: {names}; dream.direction=none dreams what the layer sees"
            raise PresetError("dream.layers", problem, cure)


def check_lengths(
    directions: Mapping[str, Tensor], features: FeatureModel, device: torch.device, *, option: str
) -> None:
    """Raise PresetError, naming `option`, for weights that are not one for each channel."""
    counts = channel_counts([*directions], features, device)
    for layer, weights in directions.items():
        if len(weights) != counts[layer]:
            problem = f"{len(weights)} weights for {layer} of {features.name}, which has"
            cure = "`dreamvid direction` makes one of this model"
            raise PresetError(option, f"{problem} {counts[layer]} channels", cure)


def channel_counts(
    layers: Sequence[str], features: FeatureModel, device: torch.device
) -> dict[str, int]:
    """Count the channels of layers, in a forward pass of a blank image."""
    if not layers:
        return {}
    with torch.no_grad():
        activations = features(torch.zeros(1, 3, 224, 224, device=device), layers)
    return {name: activations[name].shape[1] for name in layers}
