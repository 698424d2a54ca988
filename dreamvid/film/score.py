"""[dream] -> the score to dream by at a moment: layers, guides, classes, words, by weight."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature

import torch
from torch import Tensor

from dreamvid.dream.cuda.gradient_graphs import GraphedScore
from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.channels import PICKS
from dreamvid.dream.objectives.guides import GUIDES
from dreamvid.dream.objectives.objective import Objective, masked, only
from dreamvid.dream.objectives.score import Differentiable, Part
from dreamvid.dream.tiling.tiled_score import make_tiling, with_tiles
from dreamvid.errors import PresetError
from dreamvid.film.guides import Guide, direction_for, read_guides, shrunk
from dreamvid.film.model_checks import check_channels, check_direction, note_unlearned
from dreamvid.film.start import DEFAULT_SIZE
from dreamvid.image import Image
from dreamvid.models.directions.library import HAVE_LABELS
from dreamvid.models.features import FeatureModel
from dreamvid.models.labels import classes_of
from dreamvid.preset.schema import DreamOptions, LayerWeight, Scheduled
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment

ScoreAt = Callable[[Moment, Image], Differentiable | None]
"""The score at a moment for a picture; None where every weight is 0 and nothing is dreamed."""
Wish = Callable[[Moment, Image], Iterator[Part]]
"""What one entry of a preset asks for."""


def make_scores(
    options: DreamOptions,
    features: FeatureModel,
    device: torch.device,
    *,
    first: Image | None = None,
) -> ScoreAt:
    """Raises PresetError or ModelError for what does not fit the model.

    Args:
        first: the picture that the strongest channels are chosen from, where
            `dream.pick = "first"`.
    """
    names = [layer.name for layer in options.layers]
    features.check(names)
    note_unlearned(names, features)
    tiling = make_tiling(options.tile, features, names, device)
    check_channels(options.layers, features, device)
    guides = read_guides(options, features, device, _size(first))
    directions = _directions(options, features, device)
    check_direction(options, directions, features, device)

    def wish(layer: LayerWeight) -> Wish:
        name = layer.objective or options.objective
        if name in GUIDES:
            return _guided(name, layer, guides)
        if name in PICKS:
            kept = first if options.pick == "first" else None
            return _picked(name, layer, features, kept)
        made = _plain(name, layer, directions.get(layer.name), device)
        return _always(layer.name, layer.weight, made)

    layers = [wish(layer) for layer in options.layers]
    others = [*_class_wishes(options, features), *_word_wishes(options, features)]

    def score_at(moment: Moment, image: Image) -> Differentiable | None:
        wishes = [*_at_the_time(options, layers, moment), *others]
        parts = [part for wish in wishes for part in wish(moment, image) if part.weight]
        return with_tiles(GraphedScore(features, parts), tiling) if parts else None

    return score_at


def _at_the_time(options: DreamOptions, layers: Sequence[Wish], moment: Moment) -> Sequence[Wish]:
    if not options.tour:
        return layers
    # The tiny part keeps 2.0 s of a 2 s tour from rounding down into the stop before.
    stop = int(moment.t / options.tour + 1e-9)
    return layers[stop % len(layers) :][:1]


def _always(layer: str, weight: Scheduled, objective: Objective) -> Wish:
    def wish(moment: Moment, _image: Image) -> Iterator[Part]:
        yield Part(layer, objective, value_at(weight, moment))

    return wish


def _guided(name: str, layer: LayerWeight, guides: Sequence[Guide]) -> Wish:
    channels = list(layer.channels)
    objectives = []
    for guide in guides:
        seen = guide.seen[layer.name]
        made = only(channels, GUIDES[name](seen[:, channels])) if channels else GUIDES[name](seen)
        objectives.append((made, guide))

    def wish(moment: Moment, _image: Image) -> Iterator[Part]:
        for objective, guide in objectives:
            mask, covered = guide.inside(moment)
            share = value_at(layer.weight, moment) * value_at(guide.options.weight, moment)
            part = objective if mask is None else masked(mask, objective)
            # Parts are brought to one size over the whole picture: a small mask would pull harder.
            yield Part(layer.name, part, share * covered)

    return wish


def _size(first: Image | None) -> tuple[int, int]:
    """(height, width) of what is dreamed on, as far as masks go, which are laid over all of it."""
    if first is None:
        return DEFAULT_SIZE[1], DEFAULT_SIZE[0]
    return first.shape[-2], first.shape[-1]


def _picked(name: str, layer: LayerWeight, features: FeatureModel, first: Image | None) -> Wish:
    def choose(image: Image) -> Objective:
        with torch.no_grad():
            seen = features(shrunk(image), [layer.name])[layer.name]
        return PICKS[name](seen, layer.count)

    if first is not None:
        return _always(layer.name, layer.weight, choose(first))

    def wish(moment: Moment, image: Image) -> Iterator[Part]:
        yield Part(layer.name, choose(image), value_at(layer.weight, moment))

    return wish


def _plain(
    name: str, layer: LayerWeight, direction: Tensor | None, device: torch.device
) -> Objective:
    """What needs no other picture; of the layer's channels, where some are named."""
    channels = list(layer.channels)
    given = layer.channel_weights or (1.0,) * len(channels)
    weights = torch.tensor(given, device=device)
    if direction is not None and name == "direction":
        weights = direction[channels] * weights if channels else direction
    if name == "energy" and layer.channel_weights:
        name = "direction"
    make, settings = OBJECTIVES[name], {"weights": weights, "place": layer.place}
    objective = make(**{key: settings[key] for key in signature(make).parameters})
    return only(channels, objective) if channels else objective


@contextmanager
def _known(where: str, features: FeatureModel) -> Iterator[None]:
    """Names the option that asks for what the model does not know."""
    try:
        yield
    except ValueError as error:
        raise PresetError(where, f"{features.name}: {error}") from None


def _class_wishes(options: DreamOptions, features: FeatureModel) -> Iterator[Wish]:
    head = features.head if options.classes else None  # its labels take half a second
    for number, wanted in enumerate(options.classes):
        where = f"dream.classes[{number}]"
        if head is None:
            problem = f"{features.name} has no classes that can be dreamed at every place"
            raise PresetError(where, problem, HAVE_LABELS)
        with _known(where, features):
            chosen = classes_of(wanted.label, head.labels, len(head.bias))
        weights = head.bias.new_zeros(len(head.bias))
        weights[chosen] = 1.0
        made = OBJECTIVES["class"](head, weights)
        yield _always(head.layer, wanted.weight, made)


def _word_wishes(options: DreamOptions, features: FeatureModel) -> Iterator[Wish]:
    space = features.words
    for number, wanted in enumerate(options.words):
        where = f"dream.words[{number}]"
        if space is None:
            problem = f"{features.name} knows no words"
            raise PresetError(where, problem, "dream.classes takes labels")
        with _known(where, features):
            target = space.vector(wanted.text)
        made = OBJECTIVES["words"](space.head, target)
        yield _always(space.head.layer, wanted.weight, made)


def _directions(
    options: DreamOptions, features: FeatureModel, device: torch.device
) -> dict[str, Tensor]:
    """A weight for each channel of some layers; raises PresetError."""
    if options.direction is None:
        return {}
    found = direction_for(options.direction, features).weights
    return {layer: weights.to(device) for layer, weights in found.items()}
