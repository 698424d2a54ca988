"""Contrast of rows and columns, and of the cross that a camera with a still centre may leave.

Sampling that copies what is read at whole positions, as bilinear does, keeps the two middle rows
and columns of a zoom almost as they are, so that an edge there is dreamed harder in every frame: a
line of one or two pixels through the whole picture.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Contrasts = Float[np.ndarray, "_"]
"""Mean absolute second difference across each line but the first and the last."""

NEAR = 6  # lines on either side that a pair of lines is compared with
APART = 1  # lines next to a pair that are left out: a bright line's second difference reaches them
LEAST = 0.5  # grey levels added to both sides of a ratio: what is fainter is not seen
SMALLEST = 2 * (NEAR + APART) + 8  # lines of an image that has a middle and others


@dataclass(frozen=True)
class Cross:
    """Contrast of a frame's middle lines, beside the largest elsewhere."""

    middle: float  # of the two middle rows or columns, over the lines beside them; 1: no cross
    elsewhere: float  # the largest such ratio of other pairs
    line: str  # the first line of that pair, such as "row 31"; "": the frame is too small


def find_cross(rows: Contrasts, columns: Contrasts) -> Cross:
    """Compare the middle pair of rows and of columns with the lines beside them."""
    middles, others = [], []
    for name, contrasts in (("row", rows), ("column", columns)):
        if len(contrasts) + 2 < SMALLEST:
            continue
        ratios = pair_ratios(contrasts)
        at = (len(contrasts) - 1) // 2  # of `contrasts`, whose first is of line 1
        middles.append(float(ratios[at]))
        ratios[at - APART - 1 : at + APART + 2] = 0
        ratios[:NEAR] = ratios[-NEAR:] = 0  # a mirrored border has lines of its own
        best = int(ratios.argmax())
        others.append((float(ratios[best]), f"{name} {best + 1}"))
    elsewhere, line = max(others, default=(1.0, ""))
    return Cross(max(middles, default=1.0), elsewhere, line)


def pair_ratios(contrasts: Contrasts) -> Contrasts:
    """Divide the mean contrast of each pair of neighbouring lines by that of the lines beside it.

    Those are up to NEAR on either side, APART left out.
    """
    pairs = (contrasts[:-1] + contrasts[1:]) / 2
    sums = np.concatenate([[0.0], np.cumsum(contrasts, dtype=np.float64)])
    first = np.arange(len(pairs))
    total, count = np.zeros(len(pairs)), np.zeros(len(pairs))
    for low, high in (
        (first - APART - NEAR, first - APART),
        (first + 2 + APART, first + 2 + APART + NEAR),
    ):
        begin, end = (np.clip(edge, 0, len(contrasts)) for edge in (low, high))
        total += sums[end] - sums[begin]
        count += end - begin
    return (pairs + LEAST) / (total / count + LEAST)
