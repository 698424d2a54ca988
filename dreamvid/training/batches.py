"""Which photos are looked at, when, and at which of their views."""

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

import torch

from dreamvid.training.views import MIDDLE

_Item = TypeVar("_Item")


class Look(NamedTuple):
    """A photo, by its number among all that are trained with, and one of its views."""

    photo: int
    view: int


def learning_looks(count: int, views: int, *, seed: int, epoch: int, first: int) -> Iterator[Look]:
    """Each photo once in an epoch, in an order that seed and epoch decide.

    Args:
        views: how many different ones a photo has, numbered from 1; 0: a new one each time.
        first: so many have been looked at already.
    """
    order = torch.randperm(count, generator=generator("order", seed, epoch))
    for photo in map(int, order[first:]):
        # Each view once, then the next round: rounds begin at different views.
        yield Look(photo, 1 + (epoch + photo) % views if views else 1 + epoch)


def middle_looks(first: int, count: int) -> Iterator[Look]:
    return (Look(photo, MIDDLE) for photo in range(first, first + count))


def chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Lists of `size` items, the last one of what is left."""
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk


def generator(purpose: str, seed: int, number: int) -> torch.Generator:
    """Randomness of its own for each purpose, seed and number; on the CPU."""
    mixed = random.Random(f"{purpose} {seed} {number}").getrandbits(63)
    return torch.Generator().manual_seed(mixed)
