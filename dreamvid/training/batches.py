"""Samples of an epoch in their order, and random generators that a seed decides."""

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

import torch

from dreamvid.training.views import CENTRE

_Item = TypeVar("_Item")


class Sample(NamedTuple):
    """A photo, by its number in the dataset, and the number of its view."""

    photo: int
    view: int


def training_samples(
    count: int, views: int, *, seed: int, epoch: int, first: int
) -> Iterator[Sample]:
    """Shuffle an epoch's `count` photos, each once, by seed and epoch.

    Args:
        views: of each photo, numbered from 1; 0: a new one in each epoch.
        first: samples to skip, done before.
    """
    order = torch.randperm(count, generator=generator("order", seed, epoch))
    for photo in map(int, order[first:]):
        # Each view once, then the next round; photos begin at different views.
        yield Sample(photo, 1 + (epoch + photo) % views if views else 1 + epoch)


def validation_samples(first: int, count: int) -> Iterator[Sample]:
    """Yield the central view of `count` photos from number `first` on."""
    return (Sample(photo, CENTRE) for photo in range(first, first + count))


def chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Group items into lists of `size`; the last may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def generator(purpose: str, seed: int, number: int) -> torch.Generator:
    """Make an independent CPU generator for a purpose, seed and number."""
    mixed = random.Random(f"{purpose} {seed} {number}").getrandbits(63)
    return torch.Generator().manual_seed(mixed)
