"""The windows of a pool: 3x3 places, of which the largest is taken."""

import torch

SIDE = 3
NOWHERE = SIDE * SIDE  # where the maximum of a window is whose slope goes nowhere; others: 0 to 8


def maxima(x: torch.Size, stride: int, padding: int, ceil_mode: bool) -> torch.Size:
    """The shape of what is taken, by that of what it is taken from."""
    rows, columns = (
        (length + 2 * padding - SIDE + (stride - 1) * ceil_mode) // stride + 1 for length in x[2:]
    )
    return torch.Size((*x[:2], rows, columns))
