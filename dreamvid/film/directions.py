"""Directions of a dream: one alone, or several whose weights change over the film.

Those that act everywhere are added up to one weight for each channel, so that between two of them
lies a third that dreams something of its own; each that has a mask is dreamed beside them.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.objective import Objective, masked, only
from dreamvid.dream.objectives.score import Part
from dreamvid.errors import PresetError
from dreamvid.film.guides import Inside, inside_of
from dreamvid.film.masking import make_masking
from dreamvid.film.model_checks import check_lengths
from dreamvid.image import Image
from dreamvid.models.directions.arithmetic import LayerWeights, on_one_scale, summed
from dreamvid.models.directions.direction import Direction, read_direction
from dreamvid.models.directions.library import SHIPPED, find, how
from dreamvid.models.features import FeatureModel
from dreamvid.models.weights import store
from dreamvid.preset.objectives import DirectionWeight, LayerWeight, is_alone
from dreamvid.preset.schema import DreamOptions
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment

logger = logging.getLogger(__name__)

NOTHING = 1e-6  # of the weights' sum: directions that cancel each other leave rounding errors

PartsAt = Callable[[Moment, Image], Iterable[Part]]
"""(moment, image) -> the parts of the score that one entry of a preset adds."""


@dataclass(frozen=True)
class Entry:
    """Direction of a preset, on one scale with the others, on the CPU."""

    options: DirectionWeight
    weights: LayerWeights
    inside: Inside


@dataclass(frozen=True)
class Directions:
    """Directions of a preset: one alone, to be dreamed by its file's own numbers, or a list."""

    alone: Direction | None = None
    entries: Sequence[Entry] = ()

    @property
    def layers(self) -> list[str]:
        """Layers that have weights."""
        if self.alone is not None:
            return list(self.alone.weights)
        return list(dict.fromkeys(layer for entry in self.entries for layer in entry.weights))

    def parts_of(self, layer: LayerWeight, device: torch.device) -> PartsAt:
        """Make the parts that a list adds in one layer."""
        here = [entry for entry in self.entries if layer.name in entry.weights]
        everywhere = [entry for entry in here if entry.options.mask is None]
        inside = [entry for entry in here if entry.options.mask is not None]
        largest = max(_share(entry, layer) for entry in here)
        morph = _Morph([entry.weights[layer.name] for entry in everywhere], layer, device)
        objectives = [_constant(entry, layer, device) for entry in inside]

        def parts_at(moment: Moment, _image: Image) -> Iterator[Part]:
            at = [value_at(entry.options.weight, moment) for entry in everywhere]
            if everywhere and morph.put(at):
                shares = zip(at, everywhere, strict=True)
                share = sum(abs(weight) * _share(entry, layer) for weight, entry in shares)
                weight = value_at(layer.weight, moment) * share / largest
                yield Part(layer.name, morph.objective, weight)
            for entry, objective in zip(inside, objectives, strict=True):
                mask, covered = entry.inside(moment)
                assert mask is not None
                weight = value_at(layer.weight, moment) * value_at(entry.options.weight, moment)
                share = _share(entry, layer) / largest
                # Gradients are normalised over the whole image, as those of guides are.
                yield Part(layer.name, masked(mask, objective), weight * share * covered)

        return parts_at


def _constant(entry: Entry, layer: LayerWeight, device: torch.device) -> Objective:
    morph = _Morph([entry.weights[layer.name]], layer, device)
    morph.put([1.0])
    return morph.objective


def _share(entry: Entry, layer: LayerWeight) -> float:
    return float(entry.weights[layer.name].norm())


class _Morph:
    """Objective of a layer whose weights are written in place.

    A CUDA graph reads them where they lay when it was recorded, so that it is recorded once for
    a whole film, however they change.
    """

    def __init__(self, rows: Sequence[Tensor], layer: LayerWeight, device: torch.device) -> None:
        channels = list(layer.channels)
        self._rows = [{"": row[channels] if channels else row} for row in rows]
        self._times = torch.tensor(layer.channel_weights or 1.0)
        size = len(self._rows[0][""]) if rows else 0
        self._weights = torch.zeros(size, device=device)
        self._numbers: list[float] = []
        self._left = False
        objective = OBJECTIVES["direction"](self._weights)
        self.objective: Objective = only(channels, objective) if channels else objective

    def put(self, numbers: list[float]) -> bool:
        """Write the sum of the rows, each times its number; False where nothing is left of it."""
        if numbers != self._numbers:
            self._numbers = numbers
            total = summed([*zip(numbers, self._rows, strict=True)])[""] * self._times
            size = float(total.abs().sum())
            bound = NOTHING * sum(map(abs, numbers))
            self._weights.copy_(total / size if size > bound else torch.zeros_like(total))
            self._left = size > bound
        return self._left


def read_directions(
    options: DreamOptions, features: FeatureModel, device: torch.device, size: tuple[int, int]
) -> Directions:
    """Read the directions of a preset; raises PresetError for those that do not fit the model.

    `size` is the (height, width) of the images that are dreamed on.
    """
    read = {
        option: direction_for(entry.name, features, option=option)
        for option, entry in options.directions.items()
    }
    layers = options.layers_of("direction")
    for option, direction in read.items():
        weights = {layer: one for layer, one in direction.weights.items() if layer in layers}
        check_lengths(weights, features, device, option=option)
    if is_alone(options.direction):
        return Directions(alone=read["dream.direction"])
    entries = []
    for option, entry in options.directions.items():
        weights = on_one_scale(read[option])
        if not weights.keys() & set(layers):
            problem = f"{entry.name} has none of the layers that are dreamed"
            raise PresetError(option, problem, f"it is for {', '.join(weights)}")
        masking = make_masking(entry.mask, size, None, torch.device("cpu"), option=f"{option}.mask")
        entries.append(Entry(entry, weights, inside_of(masking, device)))
    return Directions(entries=entries)


def layers_of(options: DreamOptions, features: FeatureModel) -> dict[str, float]:
    """List the layers of a preset's directions, with the largest share that each has."""
    read = [
        direction_for(entry.name, features, option=option)
        for option, entry in options.directions.items()
    ]
    first = read[0]
    if is_alone(options.direction):
        return {layer: first.share(layer) for layer in first.weights}
    total = sum(first.share(layer) for layer in first.weights)
    shares: dict[str, float] = {}
    for direction in read:
        for layer, weights in on_one_scale(direction).items():
            share = round(total * float(weights.norm()), 6)
            shares[layer] = max(shares.get(layer, 0.0), share)
    return shares


def direction_for(
    name: str | Path, features: FeatureModel, *, option: str = "dream.direction"
) -> Direction:
    """Load a direction by name or file; raises PresetError, naming `option`, for another model's.

    Warns of a user's own direction that was made before the model was trained again.
    """
    path = find(name, features.name, option=option)
    direction = read_direction(path, option=option)
    base, _ = features.same_as or ("", ())
    matches = direction.model in ("", features.name, base)
    if not matches and not _same_file(direction, features.name):
        problem = f"{name} was made for {direction.model}, not for {features.name}"
        raise PresetError(option, problem, how(name, features.name))
    for layer in direction.weights:
        if layer not in features.layers:
            problem = f"{name} is for {layer}, a layer that {features.name} does not have"
            raise PresetError(option, problem, how(name, features.name))
    own = direction.model == features.name and SHIPPED not in path.parents
    if own and direction.digest and not _same_file(direction, features.name):
        logger.warning(
            "%s: %s was made for another %s than the one that is here; %s anew",
            *(option, name, features.name, how(name, features.name)),
        )
    return direction


def _same_file(direction: Direction, model: str) -> bool:
    """Test whether a direction was made for the installed weights of a model, by their digest."""
    installed = store.find(model)
    return installed is not None and installed.digest == direction.digest
