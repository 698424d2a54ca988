"""A picture that is rolled: what leaves it on one side comes in on the other."""

from itertools import product

import torch
from torch import Tensor

from dreamvid.image import Image


def rolled(image: Image, down: int, across: int, *, over: Tensor | None = None) -> Image:
    """As `image.roll((down, across), (-2, -1))`, in one pass instead of two.

    Args:
        over: a number that all is divided by.
    """
    found = torch.empty_like(image)
    height, width = image.shape[-2:]
    for (to, at), (left, start) in product(_halves(down, height), _halves(across, width)):
        source, place = image[..., at, start], found[..., to, left]
        if over is None:
            place.copy_(source)
        else:
            torch.div(source, over, out=place)
    return found


def _halves(by: int, length: int) -> list[tuple[slice, slice]]:
    """Where each part of a line goes, and where it comes from."""
    by %= length
    parts = [(slice(by, length), slice(0, length - by)), (slice(0, by), slice(length - by, length))]
    return parts if by else parts[:1]
