"""Atlas of a network: an image dreamed at each layer, or at a layer's strongest channels."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dreamvid.errors import PresetError, quote
from dreamvid.explore.cells import Cell, as_setting, fitted, refuse_starts, start_of
from dreamvid.explore.describe import channel_means, class_name, class_scores, label_of
from dreamvid.explore.layers import block_of, picked, worth_dreaming
from dreamvid.image import Image
from dreamvid.media.images.reading import load
from dreamvid.media.images.sheet import columns_for
from dreamvid.models.features import FeatureModel
from dreamvid.models.head import Head
from dreamvid.preset.load import is_of_look, sets, with_settings
from dreamvid.preset.schema import Preset

COMMON = ("video.frames=48", "motion.zoom=1.3")
COMMON += ("dream.pyramid=4", "dream.decorrelate=0.6", "dream.jitter=16")
# The first frame replaces all of the noise; later frames change gently.
FROM_NOISE = (
    "dream.steps=where(frame == 0, 16, 4)",
    "dream.step_size=where(frame == 0, 6, 2)",
    "dream.total_variation=0.5",
)
FROM_PHOTO = (
    "dream.steps=where(frame == 0, 12, 4)",
    "dream.step_size=where(frame == 0, 3, 2)",
    "dream.total_variation=0.2",
)


@dataclass(frozen=True)
class Atlas:
    """The cells of an atlas, their start image and their layout."""

    cells: Sequence[Cell]
    start: Image
    columns: int
    title: str


def plan(
    features: FeatureModel,
    device: torch.device,
    *,
    layers: Sequence[str],
    channels: int | None,
    photo: Path | None,
    side: int,
    settings: Sequence[str],
) -> Atlas:
    """Plan an atlas; raises PresetError or ModelError before anything is dreamed.

    Args:
        layers: names and patterns; none for all that are worth dreaming.
        channels: number of channels of a single layer; None for whole layers.
        side: pixels of a cell's longer side.
        settings: KEY=VALUE, which override the atlas's own.
    """
    for setting in settings:
        if setting.partition("=")[0].strip() in ("dream.layers", "model", "title"):
            problem = f"{quote(setting)} is for the atlas to choose"
            raise PresetError("--set", problem, "MODEL and --layers say which")
    if photo:
        refuse_starts(settings, "--image")
    names = picked(features, layers) if layers else worth_dreaming(features.layers)
    even = side + side % 2
    size = fitted(load(photo, option="--image"), side) if photo else (even, even)
    own = settings_for(photo, size)
    if sets(settings, "dream.look"):
        own = [setting for setting in own if not is_of_look(setting)]
    base = [as_setting("model", features.name), *own, *settings]
    start = start_of(with_settings(base), device)
    origin = f"dreamed on {photo.name}" if photo else "grown from noise"
    if channels is None:
        cells = [
            Cell(layer, _preset(layer, [*base, as_setting("dream.layers", layer)]))
            for layer in names
        ]
        return Atlas(cells, start, layer_columns(names), f"{features.name}, {origin}")
    if len(names) != 1:
        raise PresetError("--channels", f"needs one layer, not {len(names)}", "--layers LAYER")
    cells = channel_cells(features, names[0], channels, base, start)
    return Atlas(cells, start, columns_for(len(cells)), f"{features.name} {names[0]}, {origin}")


def settings_for(photo: Path | None, size: tuple[int, int]) -> list[str]:
    """Make the settings that all cells of (width, height) pixels share."""
    sized = as_setting("start.size", f"{size[0]}x{size[1]}")
    if photo is None:
        return ["start.kind=noise", sized, *COMMON, *FROM_NOISE]
    return [as_setting("start.path", str(photo)), sized, *COMMON, *FROM_PHOTO]


def layer_columns(layers: Sequence[str]) -> int:
    """Number of cells in a row that keeps the layers of a block together."""
    blocks = {block_of(layer) for layer in layers}  # some of these are layers too
    groups = Counter(layer if layer in blocks else block_of(layer) for layer in layers)
    sizes = Counter(groups.values())
    return columns_for(len(layers), together=sizes.most_common(1)[0][0])


def channel_cells(
    features: FeatureModel, layer: str, count: int, settings: Sequence[str], start: Image
) -> list[Cell]:
    """Make a cell for each of the channels that the start image activates most.

    In a classifier's last layer these are classes, with their labels. Raises PresetError.
    """
    head = features.head if layer == features.layers[-1] else None
    strength = (
        class_scores(features, head, start) if head else channel_means(features, layer, start)
    )
    if count > len(strength):
        raise PresetError("--channels", f"{layer} has no {count}", f"it has {len(strength)}")
    numbers: list[int] = strength.topk(count).indices.tolist()
    if head:
        return [_class_cell(head, number, settings) for number in numbers]
    return [_channel_cell(layer, number, settings) for number in numbers]


def _class_cell(head: Head, number: int, settings: Sequence[str]) -> Cell:
    label, name = label_of(head, number), class_name(head, number)
    return Cell(label, _preset(label, [*settings, as_setting("dream.classes", name)]))


def _channel_cell(layer: str, number: int, settings: Sequence[str]) -> Cell:
    channel = f'{{name={json.dumps(layer)}, objective="channel", channels=[{number}]}}'
    preset = _preset(f"{layer} {number}", [*settings, f"dream.layers=[{channel}]"])
    return Cell(str(number), preset)


def _preset(title: str, settings: Sequence[str]) -> Preset:
    return with_settings([*settings, as_setting("title", title)])
