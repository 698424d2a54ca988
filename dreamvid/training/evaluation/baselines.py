"""What a city model is held against: its base, which saw no caption, with two simple heads."""

from collections.abc import Sequence
from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.models.words import WordSpace
from dreamvid.training.evaluation.evaluate import Vectors, cosines

RIDGE = 1.0  # of the mean square length of what is learned from; the best of 0.1, 1 and 10

Learned = Float[Tensor, "learned channels"]
Seen = Float[Tensor, "photos channels"]


def untrained(learned: Learned, seen: Seen, space: WordSpace, seed: int) -> Vectors:
    """A random head such as training begins with (Glorot and Bengio 2010).

    Its outputs are taken around their mean over the photos learned from, as those of a trained
    one are.
    """
    weight = torch.empty(len(space.head.bias), seen.shape[1])
    bound = sqrt(6 / sum(weight.shape))
    weight.uniform_(-bound, bound, generator=torch.Generator().manual_seed(seed))
    return cosines((seen - learned.mean(0)) @ weight.T, space)


def ridge(
    learned: Learned, captions: Sequence[Sequence[str]], seen: Seen, words: Sequence[str]
) -> Vectors:
    """For each word a linear guess whether a caption has it (Hoerl and Kennard 1970).

    The strongest rival that is simple: it knows no space of words, needs none, and learns from
    the same photos in a moment, but leaves nothing that could be dreamed.

    Args:
        captions: the words of each photo learned from.
        words: those that are asked for.
    """
    numbers = {word: number for number, word in enumerate(words)}
    has = torch.zeros(len(captions), len(words), dtype=torch.float64)
    for row, caption in enumerate(captions):
        has[row, [numbers[word] for word in caption if word in numbers]] = 1
    mean, share = F.normalize(learned, dim=1).mean(0), has.mean(0)
    around = (F.normalize(learned, dim=1) - mean).double()
    penalty = RIDGE * around.square().sum() / len(around)
    gram = around.T @ around + penalty * torch.eye(len(mean), dtype=torch.float64)
    slopes = torch.linalg.solve(gram, around.T @ (has - share)).T
    photos = F.normalize(seen, dim=1) - mean
    return Vectors(
        torch.cat([photos, torch.ones(len(photos), 1)], dim=1),
        torch.cat([slopes, share[:, None]], dim=1).float(),
    )
