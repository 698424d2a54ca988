"""Jitter: an image rolled by a random shift, what leaves it on one side coming in on the other."""

from itertools import product

import torch
from torch import Tensor

from dreamvid.image import Image


def draw_jitter(most: int, rng: torch.Generator) -> tuple[int, int]:
    """Draw a shift of up to `most` pixels each way: (down, across)."""
    across, down = torch.randint(-most, most + 1, (2,), generator=rng).tolist()
    return down, across


def rolled(image: Image, down: int, across: int, *, over: Tensor | None = None) -> Image:
    """Roll an image like `image.roll((down, across), (-2, -1))`, in one pass instead of two.

    In the same pass every value is divided by `over`.
    """
    result = torch.empty_like(image)
    height, width = image.shape[-2:]
    for (rows, old_rows), (columns, old_columns) in product(
        _moves(down, height), _moves(across, width)
    ):
        source, target = image[..., old_rows, old_columns], result[..., rows, columns]
        if over is None:
            target.copy_(source)
        else:
            torch.div(source, over, out=target)
    return result


def _moves(by: int, length: int) -> list[tuple[slice, slice]]:
    """Split a rolled line into one or two parts: (where it goes, where it comes from)."""
    by %= length
    parts = [(slice(by, length), slice(0, length - by)), (slice(0, by), slice(length - by, length))]
    return parts if by else parts[:1]
