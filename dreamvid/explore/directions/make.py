"""Make a direction: towards labels or words, on dreams or in photos; or to what photos have.

Without photos there is nothing to measure a goal on but dreams, and the first ones, by what the
head alone says, are poor. So the direction that they give is dreamed, and measured on those
dreams, and so on; half of what was found before is kept each time, or it swings to and fro.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from dreamvid.errors import DreamvidError
from dreamvid.explore.directions.attribution import contributions
from dreamvid.explore.directions.dreams import dreamed, starts
from dreamvid.explore.directions.goals import Goal
from dreamvid.explore.directions.photo_folder import Album
from dreamvid.explore.directions.photos import contrast
from dreamvid.image import Image, OtherSizeImage
from dreamvid.models.directions.direction import Weights
from dreamvid.models.features import FeatureModel

ROUNDS = 2  # of dreams by the direction itself
STARTS = 9  # pictures dreamed on in each
HELD = 0.5  # of what was found before
SCALES = (0.6, 0.8, 1.25)  # a dream is looked at in another size too: what is noise does not last
PLAIN = 24  # generated pictures that photos are held against, where there are no others

Pictures = Iterable[OtherSizeImage]
Watch = Callable[[str, Pictures, int], Pictures]
"""Hands pictures on, told what and how many they are, so that somebody may count them."""
Made = dict[str, Weights]
"""By layer; the weights of each add up to 1."""


@dataclass(frozen=True)
class Maker:
    """What directions are made with."""

    features: FeatureModel
    shares: Mapping[str, float]  # of the layers, by name
    device: torch.device
    seed: int = 0
    keep: float = 1.0  # of a layer's weight, in its strongest channels; the rest is many and faint
    watch: Watch = lambda what, pictures, count: pictures

    def from_dreams(self, goal: Goal) -> Made:
        """What leads to a goal, found on dreams alone; the same for the same seed.

        Raises DreamvidError where nothing does.
        """
        found = self._measured(goal, self._first(goal), max(STARTS, len(goal.rows)))
        for number in range(ROUNDS):
            begun = self._starts(STARTS)
            again = dreamed(self.features, self._kept(found), self.shares, begun, number)
            now = self._measured(goal, again, STARTS)
            found = {layer: HELD * found[layer] + (1 - HELD) * now[layer] for layer in now}
        return self._kept(found)

    def from_pictures(self, goal: Goal, pictures: Album) -> Made:
        """What leads to a goal in these pictures. Raises DreamvidError where nothing does."""
        return self._kept(self._towards(goal, self._photos("photo", pictures)))

    def from_photos(self, these: Album, others: Album | None) -> Made:
        """What these have and the others, or generated pictures, have not.

        Raises DreamvidError where they have nothing more.
        """
        here = self._photos("photo", these)
        there = self._starts(PLAIN) if others is None else self._photos("other photo", others)
        return self._kept(_to_one(contrast(self.features, here, there, [*self.shares])))

    def _starts(self, count: int) -> list[Image]:
        return [start.to(self.device) for start in starts(self.seed, count)]

    def _photos(self, what: str, album: Album) -> Pictures:
        return (photo.to(self.device) for photo in self.watch(what, album, len(album)))

    def _first(self, goal: Goal) -> Iterator[OtherSizeImage]:
        """A dream of each label, or of the words, by the channels of the head's layer alone."""
        for number, start in enumerate(self._starts(max(STARTS, len(goal.rows)))):
            weights = {goal.layer: goal.rows[number % len(goal.rows)].clamp_min(0)}
            yield from dreamed(self.features, weights, {goal.layer: 1.0}, [start], number)

    def _measured(self, goal: Goal, dreams: Pictures, count: int) -> Made:
        return self._towards(goal, _views(self.watch("dream", dreams, count)))

    def _towards(self, goal: Goal, pictures: Pictures) -> Made:
        found = contributions(self.features, goal, pictures, [*self.shares])
        if goal.layer in found:  # there the head itself says what counts
            found[goal.layer] = goal.weights
        return _to_one({layer: weights.clamp_min(0) for layer, weights in found.items()})

    def _kept(self, found: Made) -> Made:
        return _to_one({layer: strongest(weights, self.keep) for layer, weights in found.items()})


def strongest(weights: Weights, share: float) -> Weights:
    """The fewest weights that carry a share of their sum; the others are 0."""
    ordered = weights.sort(descending=True)
    before = ordered.values.cumsum(0) - ordered.values
    chosen = ordered.indices[before < share * weights.sum()]
    kept = weights.new_zeros(len(weights))
    kept[chosen] = weights[chosen]
    return kept


def _to_one(found: Made) -> Made:
    for layer, weights in found.items():
        if not bool(weights.sum() > 0):
            raise DreamvidError(f"no channel of {layer} leads there; try other --layers")
    return {layer: weights / weights.sum() for layer, weights in found.items()}


def _views(pictures: Pictures) -> Iterator[OtherSizeImage]:
    """Each of them in another size, and mirrored."""
    for number, picture in enumerate(pictures):
        scale = SCALES[number % len(SCALES)]
        sized = F.interpolate(picture, scale_factor=scale, mode="bicubic", antialias=True)
        yield sized.clamp(0, 1)
        yield picture.flip(-1)
