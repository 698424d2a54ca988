"""Make a direction: towards labels or words, measured on dreams or photos, or from photos alone.

Without photos a goal is measured on dreams. The first ones, by the head's weights alone, are poor,
so the resulting direction is dreamed and measured again. Each round keeps half of the weights
before, or they would oscillate.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from dreamvid.errors import DreamvidError
from dreamvid.explore.directions.attribution import contributions
from dreamvid.explore.directions.dreams import dream_images, starts
from dreamvid.explore.directions.goals import Goal
from dreamvid.explore.directions.photo_checks import alike, not_apart
from dreamvid.explore.directions.photo_folder import PhotoFolder
from dreamvid.explore.directions.photos import contrast, levels
from dreamvid.image import Image, OtherSizeImage
from dreamvid.models.directions.direction import Weights
from dreamvid.models.features import FeatureModel

ROUNDS = 2  # of dreams by the direction itself
STARTS = 9  # images dreamed on in each round
HELD = 0.5  # share of the weights before that a round keeps
SCALES = (0.6, 0.8, 1.25)  # of a dream for measuring, which noise does not survive
GENERATED = 24  # images to contrast photos with, where there are no others

Images = Iterable[OtherSizeImage]
Track = Callable[[str, Images, int], Images]
"""Passes images on and shows their progress, given their description and number."""
LayerWeights = dict[str, Weights]
"""Weights by layer; the positive ones of each layer add up to 1."""


@dataclass(frozen=True)
class Maker:
    """Settings and network by which directions are made."""

    features: FeatureModel
    shares: Mapping[str, float]  # by layer
    device: torch.device
    seed: int = 0
    keep: float = 1.0  # share of a layer's weight, kept in its strongest channels
    track: Track = lambda description, images, count: images
    warn: Callable[[str], None] = lambda line: None

    def from_dreams(self, goal: Goal) -> LayerWeights:
        """Measure a goal on dreams alone, reproducible by the seed.

        Raises DreamvidError where no channel has a positive weight.
        """
        weights = self._measure(goal, self._first(goal), max(STARTS, len(goal.rows)))
        for number in range(ROUNDS):
            start, kept = self._starts(STARTS), self._strongest(weights)
            dreams = dream_images(self.features, kept, self.shares, start, number)
            new = self._measure(goal, dreams, STARTS)
            weights = {layer: HELD * weights[layer] + (1 - HELD) * new[layer] for layer in new}
        return weights

    def from_goal_in_photos(self, goal: Goal, photos: PhotoFolder) -> LayerWeights:
        """Measure a goal in photos; raises DreamvidError where no channel has a positive weight."""
        return self._towards(goal, self._photos("photo", photos))

    def from_photos(self, these: PhotoFolder, others: PhotoFolder | None) -> LayerWeights:
        """Contrast photos with others, or with generated images.

        Raises DreamvidError where no channel is stronger in them.
        """
        here = levels(self.features, self._photos("photo", these), [*self.shares])
        self._warn(alike(these.option, here))
        images = self._starts(GENERATED) if others is None else self._photos("other photo", others)
        there = levels(self.features, images, [*self.shares])
        if others is not None:
            self._warn([*alike(others.option, there), *not_apart(here, there)])
        return normalised(contrast(here, there))

    def _warn(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.warn(line)

    def _starts(self, count: int) -> list[Image]:
        return [start.to(self.device) for start in starts(self.seed, count)]

    def _photos(self, description: str, folder: PhotoFolder) -> Images:
        return (photo.to(self.device) for photo in self.track(description, folder, len(folder)))

    def _first(self, goal: Goal) -> Iterator[OtherSizeImage]:
        """Dream of each label, or of the words, by the head layer's channels alone."""
        for number, start in enumerate(self._starts(max(STARTS, len(goal.rows)))):
            weights = {goal.layer: goal.rows[number % len(goal.rows)].clamp_min(0)}
            yield from dream_images(self.features, weights, {goal.layer: 1.0}, [start], number)

    def _measure(self, goal: Goal, dreams: Images, count: int) -> LayerWeights:
        return self._towards(goal, _views(self.track("dream", dreams, count)))

    def _towards(self, goal: Goal, images: Images) -> LayerWeights:
        weights = contributions(self.features, goal, images, [*self.shares])
        if goal.layer in weights:  # the head's own weights are exact
            weights[goal.layer] = goal.weights
        return normalised({layer: one.clamp_min(0) for layer, one in weights.items()})

    def _strongest(self, weights: LayerWeights) -> LayerWeights:
        return normalised({layer: strongest(one, self.keep) for layer, one in weights.items()})


def strongest(weights: Weights, share: float) -> Weights:
    """Keep the fewest weights that make up a share of the positive ones' sum, and those below 0.

    All others become 0.
    """
    positive = weights.clamp_min(0)
    ordered = positive.sort(descending=True)
    before = ordered.values.cumsum(0) - ordered.values
    chosen = ordered.indices[before < share * positive.sum()]
    kept = weights.clamp_max(0)
    kept[chosen] = weights[chosen]
    return kept


def normalised(weights: LayerWeights) -> LayerWeights:
    """Divide each layer's weights by the sum of the positive ones.

    Raises DreamvidError where no weight is positive.
    """
    sums = {layer: one.clamp_min(0).sum() for layer, one in weights.items()}
    for layer, total in sums.items():
        if not bool(total > 0):
            raise DreamvidError(f"no channel of {layer} leads there; try other --layers")
    return {layer: one / sums[layer] for layer, one in weights.items()}


def _views(images: Images) -> Iterator[OtherSizeImage]:
    """Yield each image in another size, and mirrored."""
    for number, image in enumerate(images):
        scale = SCALES[number % len(SCALES)]
        sized = F.interpolate(image, scale_factor=scale, mode="bicubic", antialias=True)
        yield sized.clamp(0, 1)
        yield image.flip(-1)
