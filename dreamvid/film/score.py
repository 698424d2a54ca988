"""Score of a dream at a moment: layers, guides, classes and words, by weight."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature

import torch

from dreamvid.dream.cuda.gradient_graphs import GraphedScore
from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.channels import PICKS
from dreamvid.dream.objectives.guides import GUIDES
from dreamvid.dream.objectives.objective import Objective, masked, only
from dreamvid.dream.objectives.score import Differentiable, Part
from dreamvid.dream.tiling.tiled_score import TiledScore, make_tiling
from dreamvid.errors import PresetError
from dreamvid.film.directions import PartsAt, read_directions
from dreamvid.film.guides import Guide, read_guides, shrunk
from dreamvid.film.model_checks import check_channels, check_directed, note_unlearned
from dreamvid.film.start import DEFAULT_SIZE
from dreamvid.image import Image
from dreamvid.models.directions.direction import Direction
from dreamvid.models.directions.library import HAVE_LABELS
from dreamvid.models.features import FeatureModel
from dreamvid.models.labels import classes_of
from dreamvid.preset.base import Scheduled
from dreamvid.preset.objectives import LayerWeight
from dreamvid.preset.schema import DreamOptions
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment

ScoreAt = Callable[[Moment, Image], Differentiable | None]
"""(moment, image) -> the score; None where every weight is 0 and nothing is dreamed."""


def make_scores(
    options: DreamOptions,
    features: FeatureModel,
    device: torch.device,
    *,
    first: Image | None = None,
) -> ScoreAt:
    """Build the scores of a film; raises PresetError or ModelError for what the model lacks.

    The strongest channels are picked from `first` where `dream.pick = "first"`.
    """
    names = [layer.name for layer in options.layers]
    features.check(names)
    note_unlearned(names, features)
    tiling = make_tiling(options.tile, features, names, device)
    check_channels(options.layers, features, device)
    # Without an image the guides' masks have any size: they are scaled.
    height, width = DEFAULT_SIZE[::-1] if first is None else first.shape[-2:]
    guides = read_guides(options, features, device, (height, width))
    directions = read_directions(options, features, device, (height, width))
    check_directed(options, directions.layers)

    def parts_of(layer: LayerWeight) -> PartsAt:
        name = layer.objective or options.objective
        if name in GUIDES:
            return _guided(name, layer, guides)
        if name in PICKS:
            return _picked(name, layer, features, first if options.pick == "first" else None)
        if name == "direction" and layer.name in directions.layers and directions.entries:
            return directions.parts_of(layer, device)
        objective = _objective(name, layer, directions.alone, device)
        return _constant(layer.name, layer.weight, objective)

    layers = [parts_of(layer) for layer in options.layers]
    others = [*_classes(options, features), *_words(options, features)]

    def score_at(moment: Moment, image: Image) -> Differentiable | None:
        sources = [*_touring(options, layers, moment), *others]
        parts = [part for parts_at in sources for part in parts_at(moment, image) if part.weight]
        if not parts:
            return None
        score = GraphedScore(features, parts)
        return TiledScore(score, tiling) if tiling else score

    return score_at


def _touring(options: DreamOptions, layers: Sequence[PartsAt], moment: Moment) -> Sequence[PartsAt]:
    """Select the layer that a tour has reached, or all layers without a tour."""
    if not options.tour:
        return layers
    # The epsilon keeps 2.0 s of a 2 s tour from being rounded down to the stop before.
    stop = int(moment.t / options.tour + 1e-9)
    return layers[stop % len(layers) :][:1]


def _constant(layer: str, weight: Scheduled, objective: Objective) -> PartsAt:
    return lambda moment, image: [Part(layer, objective, value_at(weight, moment))]


def _guided(name: str, layer: LayerWeight, guides: Sequence[Guide]) -> PartsAt:
    channels = list(layer.channels)
    objectives = []
    for guide in guides:
        target = guide.features[layer.name]
        if channels:
            objectives.append((only(channels, GUIDES[name](target[:, channels])), guide))
        else:
            objectives.append((GUIDES[name](target), guide))

    def parts_at(moment: Moment, _image: Image) -> Iterator[Part]:
        for objective, guide in objectives:
            mask, covered = guide.inside(moment)
            weight = value_at(layer.weight, moment) * value_at(guide.options.weight, moment)
            inside = objective if mask is None else masked(mask, objective)
            # Gradients are normalised over the whole image: a small mask would act more strongly.
            yield Part(layer.name, inside, weight * covered)

    return parts_at


def _picked(name: str, layer: LayerWeight, features: FeatureModel, first: Image | None) -> PartsAt:
    """Pick channels by their activations, in the first image or in each."""

    def pick(image: Image) -> Objective:
        with torch.no_grad():
            activation = features(shrunk(image), [layer.name])[layer.name]
        return PICKS[name](activation, layer.count)

    if first is not None:
        return _constant(layer.name, layer.weight, pick(first))
    return lambda moment, image: [Part(layer.name, pick(image), value_at(layer.weight, moment))]


def _objective(
    name: str, layer: LayerWeight, alone: Direction | None, device: torch.device
) -> Objective:
    """Make an objective that needs no other image, of the layer's channels if it names some."""
    channels = list(layer.channels)
    weights = torch.tensor(layer.channel_weights or (1.0,) * len(channels), device=device)
    if alone is not None and name == "direction" and layer.name in alone.weights:
        direction = alone.weights[layer.name].to(device)
        weights = direction[channels] * weights if channels else direction
    if name == "energy" and layer.channel_weights:
        name = "direction"
    make, settings = OBJECTIVES[name], {"weights": weights, "place": layer.place}
    objective = make(**{key: settings[key] for key in signature(make).parameters})
    return only(channels, objective) if channels else objective


@contextmanager
def _named(option: str, features: FeatureModel) -> Iterator[None]:
    """Turn a ValueError into a PresetError that names the option."""
    try:
        yield
    except ValueError as error:
        raise PresetError(option, f"{features.name}: {error}") from None


def _classes(options: DreamOptions, features: FeatureModel) -> Iterator[PartsAt]:
    head = features.head
    for number, entry in enumerate(options.classes):
        option = f"dream.classes[{number}]"
        if head is None:
            problem = f"{features.name} has no classes that can be dreamed at every place"
            raise PresetError(option, problem, HAVE_LABELS)
        with _named(option, features):
            classes = classes_of(entry.label, head.labels, len(head.bias))
        weights = head.bias.new_zeros(len(head.bias))
        weights[classes] = 1.0
        yield _constant(head.layer, entry.weight, OBJECTIVES["class"](head, weights))


def _words(options: DreamOptions, features: FeatureModel) -> Iterator[PartsAt]:
    space = features.words
    for number, entry in enumerate(options.words):
        option = f"dream.words[{number}]"
        if space is None:
            problem = f"{features.name} knows no words"
            raise PresetError(option, problem, "dream.classes takes labels")
        with _named(option, features):
            target = space.vector(entry.text)
        objective = OBJECTIVES["words"](space.head, target)
        yield _constant(space.head.layer, entry.weight, objective)
