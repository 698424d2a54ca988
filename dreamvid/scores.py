"""[dream] -> the score to dream by at a moment: layers, guides and their weights."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from dreamvid.dream.objectives import OBJECTIVES, Objective, only
from dreamvid.dream.score import Part, Score, make_score
from dreamvid.errors import ModelError, PresetError
from dreamvid.image import OtherSizeImage, load, resize
from dreamvid.models.features import FeatureModel
from dreamvid.options import DreamOptions, GuideWeight, LayerWeight
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment

GUIDE_SIDE = 1024  # pixels; a longer guide is shrunk, its features cost memory

ScoreAt = Callable[[Moment], Score | None]
"""The score at a moment; None where every weight is 0 and nothing is dreamed."""


def make_scores(options: DreamOptions, features: FeatureModel, device: torch.device) -> ScoreAt:
    """Raises PresetError or ModelError for layers, channels and guides that do not fit."""
    features.check([layer.name for layer in options.layers])
    _check_channels(options.layers, features, device)
    if options.objective == "guide" and not options.guide:
        problem = "this dream is guided by a picture"
        raise PresetError("dream.guide", problem, "--set dream.guide=PICTURE")
    seen = [_guide_features(guide, options, features, device) for guide in options.guide]

    def objectives_of(layer: LayerWeight, moment: Moment) -> list[tuple[Objective, float]]:
        """One for the layer, or one for each guide, with their weights among each other."""
        if not seen:
            return [(_objective(options.objective, layer, ()), 1.0)]
        targets = [guide[layer.name] for guide in seen]
        weights = [value_at(guide.weight, moment) for guide in options.guide]
        pairs = zip(targets, weights, strict=True)
        return [(_objective(options.objective, layer, (target,)), w) for target, w in pairs]

    def score_at(moment: Moment) -> Score | None:
        parts = [
            Part(layer.name, objective, weight * value_at(layer.weight, moment))
            for layer in _layers_at(options, moment)
            for objective, weight in objectives_of(layer, moment)
        ]
        heard = [part for part in parts if part.weight]
        return make_score(features, heard) if heard else None

    return score_at


def _layers_at(options: DreamOptions, moment: Moment) -> Sequence[LayerWeight]:
    if not options.tour:
        return options.layers
    # The tiny part keeps 2.0 s of a 2 s tour from rounding down into the stop before.
    stop = int(moment.t / options.tour + 1e-9)
    return options.layers[stop % len(options.layers) :][:1]


def _objective(name: str, layer: LayerWeight, targets: tuple[Tensor, ...]) -> Objective:
    make = OBJECTIVES[name]
    if not layer.channels:
        return make(*targets)
    channels = list(layer.channels)
    return only(channels, make(*(target[:, channels] for target in targets)))


def _check_channels(
    layers: tuple[LayerWeight, ...], features: FeatureModel, device: torch.device
) -> None:
    chosen = [layer for layer in layers if layer.channels]
    if not chosen:
        return
    with torch.no_grad():  # how many channels a layer has, only an image tells
        seen = features(torch.zeros(1, 3, 224, 224, device=device), [c.name for c in chosen])
    for layer in chosen:
        count = seen[layer.name].shape[1]
        if max(layer.channels) >= count:
            raise PresetError(
                "dream.layers",
                f"{layer.name} of {features.name} has no channel {max(layer.channels)}",
                f"they are 0 to {count - 1}",
            )


def _guide_features(
    guide: GuideWeight, options: DreamOptions, features: FeatureModel, device: torch.device
) -> dict[str, Tensor]:
    picture = _shrunk(load(guide.path, option="dream.guide"))
    try:
        with torch.no_grad():
            return features(picture.to(device), [layer.name for layer in options.layers])
    except ModelError as error:
        size = f"{picture.shape[-1]}x{picture.shape[-2]}"
        problem = f"{guide.path} is {size} pixels, too small for these layers"
        raise PresetError("dream.guide", problem, "a larger picture") from error


def _shrunk(picture: OtherSizeImage) -> OtherSizeImage:
    longest = max(picture.shape[-2:])
    if longest <= GUIDE_SIDE:
        return picture
    height, width = (max(1, round(side * GUIDE_SIDE / longest)) for side in picture.shape[-2:])
    return resize(picture, (height, width))
