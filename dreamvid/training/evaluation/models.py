"""Vectors of the test photos from the model, and from its base with simple heads."""

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
MOST_TRAIN = 5000  # photos, at most, for the baselines: more would take long, and tell little


@dataclass(frozen=True)
class Answers:
    """Outputs for the test photos."""

    outputs: Float[Tensor, "photos dimensions"]  # of the model's head
    vectors: dict[str, Vectors]  # of the photos and all known words, by model or baseline


def answer(
    model: FeatureModel,
    space: WordSpace,
    base: FeatureModel,
    photos: Photos,
    *,
    seed: int,
    device: torch.device,
    progress: Callable[[float], None],
) -> Answers:
    """Run the networks on all photos; the results are on the CPU.

    The baselines learn from the training photos, or from some of thousands; without any, the one
    that needs them is left out. `progress` is called with the share of photos done.
    """
    train = photos.train[:: -(-len(photos.train) // MOST_TRAIN) or 1]
    count, done = 2 * len(photos.held_out) + len(train), 0
    layer = space.head.layer

    def means(network: FeatureModel, pairs: Sequence[Pair]) -> Tensor:
        nonlocal done
        rows: list[Tensor] = []
        for pair in pairs:
            image = load(pair.photo, option="--images").to(device)
            rows.append(channel_means(network, layer, middle_of(image)).cpu())
            done += 1
            progress(done / count)
        return torch.stack(rows)

    outputs = means(model, photos.held_out) @ space.head.weight.cpu().T + space.head.bias.cpu()
    features = means(base, photos.held_out)
    train_features = means(base, train) if train else features
    vectors = {MODEL: cosines(outputs, space)}
    if len(train) > 1:  # a single one predicts nothing
        captions = [pair.words for pair in train]
        vectors[RIDGE] = ridge(train_features, captions, features, space.words)
    vectors[UNTRAINED] = untrained(train_features, features, space, seed)
    return Answers(outputs, vectors)
