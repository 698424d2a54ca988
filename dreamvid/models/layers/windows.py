"""Geometry of a 3x3 max pool."""

import torch

SIDE = 3
NOWHERE = SIDE * SIDE  # index of a maximum that passes no gradient; others are 0 to 8


def output_shape(x: torch.Size, stride: int, padding: int, ceil_mode: bool) -> torch.Size:
    """Shape of the pool's output for an input of shape (N, C, H, W)."""
    rows, columns = (
        (length + 2 * padding - SIDE + (stride - 1) * ceil_mode) // stride + 1 for length in x[2:]
    )
    return torch.Size((*x[:2], rows, columns))
