"""[dream] -> the score to dream by at a moment: layers, guides, classes, words, by weight."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from dreamvid.directions.shelf import HAVE_LABELS, how
from dreamvid.dream.guides import GUIDES
from dreamvid.dream.objective import Objective, energy, masked, only
from dreamvid.dream.objectives import OBJECTIVES
from dreamvid.dream.picks import PICKS
from dreamvid.dream.score import Climbable, Part, make_score
from dreamvid.dream.tiled import make_tiling, with_tiles
from dreamvid.errors import PresetError
from dreamvid.guidance import Guide, direction_for, read_guides, shrunk
from dreamvid.image import Image
from dreamvid.models.features import FeatureModel
from dreamvid.models.labels import classes_of
from dreamvid.options import DreamOptions, LayerWeight, Scheduled
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment
from dreamvid.start import DEFAULT_SIZE

logger = logging.getLogger(__name__)

AMPLE = 256  # pixels a side, enough for every layer of every network

ScoreAt = Callable[[Moment, Image], Climbable | None]
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
    _note_unlearned(names, features)
    tiling = make_tiling(options.tile, features, names, device)
    _check_channels(options.layers, features, device)
    guides = read_guides(options, features, device, _size(first))
    directions = _directions(options, features, device)
    _check_direction(options, directions, features, device)

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

    def score_at(moment: Moment, image: Image) -> Climbable | None:
        wishes = [*_at_the_time(options, layers, moment), *others]
        parts = [part for wish in wishes for part in wish(moment, image) if part.weight]
        return with_tiles(make_score(features, parts), tiling) if parts else None

    return score_at


def _note_unlearned(names: Sequence[str], features: FeatureModel) -> None:
    """Says so where a city model is asked for what it has from its base."""
    base, same = features.same_as or ("", ())
    below = [name for name in names if name in same]
    if below:
        learned = next(name for name in features.layers if name not in same)
        logger.warning(
            "dream.layers: at %s %s is %s itself and dreams the same; its own begin with %s",
            *(", ".join(below), features.name, base, learned),
        )


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
    made = {
        "energy": energy,
        "diversity": OBJECTIVES["diversity"],
        "channel": lambda: OBJECTIVES["channel"](weights),
        "direction": lambda: OBJECTIVES["direction"](weights),
        "neuron": lambda: OBJECTIVES["neuron"](weights, layer.place),
    }[name]()
    return only(channels, made) if channels else made


@contextmanager
def _known(where: str, features: FeatureModel) -> Iterator[None]:
    """Names the option that asks for what the model does not know."""
    try:
        yield
    except ValueError as error:
        raise PresetError(where, f"{features.name}: {error}") from None


def _class_wishes(options: DreamOptions, features: FeatureModel) -> Iterator[Wish]:
    head = features.head
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


def check_places(
    options: DreamOptions, features: FeatureModel, smallest: tuple[int, int], device: torch.device
) -> None:
    """Raises ModelError where a layer has no place in the smallest octave, (height, width)."""
    if min(smallest) >= AMPLE:
        return
    heads = [features.head] if options.classes else []
    heads += [features.words.head] if options.words and features.words else []
    layers = [layer.name for layer in options.layers] + [head.layer for head in heads if head]
    with torch.no_grad():
        features(torch.zeros(1, 3, *smallest, device=device), layers)


def _check_channels(
    layers: tuple[LayerWeight, ...], features: FeatureModel, device: torch.device
) -> None:
    counts = _channel_counts([layer.name for layer in layers if layer.channels], features, device)
    for layer in layers:
        count = counts.get(layer.name)
        if count is not None and layer.channels and max(layer.channels) >= count:
            raise PresetError(
                "dream.layers",
                f"{layer.name} of {features.name} has no channel {max(layer.channels)}",
                f"they are 0 to {count - 1}",
            )


def _directions(
    options: DreamOptions, features: FeatureModel, device: torch.device
) -> dict[str, Tensor]:
    """A weight for each channel of some layers; raises PresetError."""
    if options.direction is None:
        return {}
    found = direction_for(options.direction, features).weights
    return {layer: weights.to(device) for layer, weights in found.items()}


def _check_direction(
    options: DreamOptions,
    directions: dict[str, Tensor],
    features: FeatureModel,
    device: torch.device,
) -> None:
    wanted = [
        layer for layer in options.layers if (layer.objective or options.objective) == "direction"
    ]
    counts = _channel_counts([layer.name for layer in wanted], features, device)
    for layer in wanted:
        weights = directions.get(layer.name)
        if weights is None and not layer.channel_weights:
            known = ", ".join(directions) or "none: dream.direction names no file"
            problem = f"there is no direction for {layer.name}"
            cure = f"there are: {known}; dream.direction=none dreams what the layer sees"
            raise PresetError("dream.layers", problem, cure)
        if weights is not None and len(weights) != counts[layer.name]:
            count = counts[layer.name]
            problem = f"{len(weights)} weights for {layer.name} of {features.name}, which has"
            assert options.direction is not None
            cure = how(options.direction, features.name)
            raise PresetError("dream.direction", f"{problem} {count} channels", cure)


def _channel_counts(
    layers: Sequence[str], features: FeatureModel, device: torch.device
) -> dict[str, int]:
    """How many channels layers have; only a picture tells."""
    if not layers:
        return {}
    with torch.no_grad():
        seen = features(torch.zeros(1, 3, 224, 224, device=device), layers)
    return {name: seen[name].shape[1] for name in layers}
