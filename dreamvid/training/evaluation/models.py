"""Who is asked about the photos: the model, and what its base can do without it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.explore.describe import channel_means, middle_of
from dreamvid.media.images.reading import load
from dreamvid.models.features import FeatureModel
from dreamvid.models.words import WordSpace
from dreamvid.training.data.pairs import Pair
from dreamvid.training.evaluation.baselines import ridge, untrained
from dreamvid.training.evaluation.evaluate import Vectors, cosines
from dreamvid.training.evaluation.held_out import Photos

MODEL, RIDGE, UNTRAINED = "the model", "ridge on its base", "untrained head"
MOST_LEARNED = 5000  # photos that rivals learn from: more would take long, and tell little


@dataclass(frozen=True)
class Answers:
    outputs: Float[Tensor, "photos dimensions"]
    """Of the model's head for each photo."""
    vectors: dict[str, Vectors]
    """By who answers, for the same photos and all of the model's words."""


def ask(
    features: FeatureModel,
    space: WordSpace,
    base: FeatureModel,
    photos: Photos,
    *,
    seed: int,
    device: torch.device,
    progress: Callable[[float], None],
) -> Answers:
    """Let all photos be seen, on the CPU from there on.

    The rivals learn from the photos that the model learned from, of thousands from some; where
    there are none the one that needs them is left out.

    Args:
        seed: of the untrained head.
        progress: told the share of photos that are seen.
    """
    learned = photos.learned[:: -(-len(photos.learned) // MOST_LEARNED) or 1]
    count, done = 2 * len(photos.held_out) + len(learned), 0
    layer = space.head.layer

    def means(network: FeatureModel, pairs: Sequence[Pair]) -> Tensor:
        nonlocal done
        found: list[Tensor] = []
        for pair in pairs:
            picture = load(pair.photo, option="--images").to(device)
            found.append(channel_means(network, layer, middle_of(picture)).cpu())
            done += 1
            progress(done / count)
        return torch.stack(found)

    outputs = means(features, photos.held_out) @ space.head.weight.cpu().T + space.head.bias.cpu()
    seen = means(base, photos.held_out)
    before = means(base, learned) if learned else seen
    vectors = {MODEL: cosines(outputs, space)}
    if len(learned) > 1:  # of a single one nothing follows
        captions = [pair.words for pair in learned]
        vectors[RIDGE] = ridge(before, captions, seen, space.words)
    vectors[UNTRAINED] = untrained(before, seen, space, seed)
    return Answers(outputs, vectors)
