"""Small dreams on generated images, from which a direction's weights are measured."""

from collections.abc import Iterator, Mapping

import torch

from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import dream
from dreamvid.film.engine import frame_rng
from dreamvid.film.scenes import dusk, noise, sky
from dreamvid.image import Image
from dreamvid.models.directions.direction import Weights
from dreamvid.models.features import FeatureModel

SIZE = (180, 256)  # height and width in pixels
# Shapes instead of noise, as in the presets.
ASCENT = Ascent(octaves=3, steps=8, step_size=2.0, jitter=16, pyramid=4, decorrelate=0.5)


def starts(seed: int, count: int) -> list[Image]:
    """Generate dusks, skies and faint noise in turn, on the CPU."""
    kinds = (dusk, sky, _faint_noise)
    return [kinds[n % len(kinds)](*SIZE, frame_rng(seed, n)) for n in range(count)]


def _faint_noise(height: int, width: int, rng: torch.Generator) -> Image:
    return 0.5 + 0.15 * (noise(height, width, rng) - 0.5)


def dream_images(
    features: FeatureModel,
    weights: Mapping[str, Weights],
    shares: Mapping[str, float],
    images: list[Image],
    seed: int,
) -> Iterator[Image]:
    """Dream on each image by a direction."""
    objective = OBJECTIVES["direction"]
    parts = [Part(layer, objective(weights[layer]), share) for layer, share in shares.items()]
    score = Score(features, parts)
    for number, image in enumerate(images):
        yield dream(image, score, ASCENT, rng=frame_rng(seed, number))
