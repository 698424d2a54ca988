"""Baselines for a city model: its base, which saw no caption, with two simple heads."""

from collections.abc import Sequence
from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.models.words import WordSpace
from dreamvid.training.evaluation.evaluate import Vectors, cosines

RIDGE = 1.0  # relative to the mean square length of the features; the best of 0.1, 1 and 10

TrainFeatures = Float[Tensor, "train channels"]
Features = Float[Tensor, "photos channels"]


def untrained(train: TrainFeatures, features: Features, space: WordSpace, seed: int) -> Vectors:
    """Apply a random head, such as training begins with (Glorot and Bengio 2010).

    Its outputs are centred on their mean over the training photos, like those of a trained head.
    """
    weight = torch.empty(len(space.head.bias), features.shape[1])
    bound = sqrt(6 / sum(weight.shape))
    weight.uniform_(-bound, bound, generator=torch.Generator().manual_seed(seed))
    return cosines((features - train.mean(0)) @ weight.T, space)


def ridge(
    train: TrainFeatures,
    captions: Sequence[Sequence[str]],
    features: Features,
    words: Sequence[str],
) -> Vectors:
    """Predict each word of a caption by ridge regression (Hoerl and Kennard 1970).

    The strongest simple rival: it needs no space of words, and learns from the same photos in a
    moment, but leaves nothing that could be dreamed.
    """
    numbers = {word: number for number, word in enumerate(words)}
    has = torch.zeros(len(captions), len(words), dtype=torch.float64)
    for row, caption in enumerate(captions):
        has[row, [numbers[word] for word in caption if word in numbers]] = 1
    mean, share = F.normalize(train, dim=1).mean(0), has.mean(0)
    centred = (F.normalize(train, dim=1) - mean).double()
    penalty = RIDGE * centred.square().sum() / len(centred)
    gram = centred.T @ centred + penalty * torch.eye(len(mean), dtype=torch.float64)
    weights = torch.linalg.solve(gram, centred.T @ (has - share)).T
    photos = F.normalize(features, dim=1) - mean
    return Vectors(
        torch.cat([photos, torch.ones(len(photos), 1)], dim=1),
        torch.cat([weights, share[:, None]], dim=1).float(),
    )
