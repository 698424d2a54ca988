"""Easing between two keys: fraction of the change as a function of the fraction of the time.

bounce and elastic are Robert Penner's ease-out curves ("Programming Macromedia Flash MX",
2002, chapter 7), with the numbers of easings.net; in and out are his cubic ones.
"""

import math
from collections.abc import Callable

from dreamvid.schedule.functions import smooth


def bounce(share: float) -> float:
    """Bounce three times off the next value, each time less high."""
    for end, middle, floor in ((1, 0, 0), (2, 1.5, 0.75), (2.5, 2.25, 0.9375)):
        if share < end / 2.75:
            return 7.5625 * (share - middle / 2.75) ** 2 + floor
    return 7.5625 * (share - 2.625 / 2.75) ** 2 + 0.984375


def elastic(share: float) -> float:
    """Overshoot like a spring, by up to 0.37 of the change, and settle."""
    if share in (0, 1):
        return share
    return 2 ** (-10 * share) * math.sin((10 * share - 0.75) * math.tau / 3) + 1


EASES: dict[str, Callable[[float], float]] = {
    "linear": lambda share: share,
    "hold": lambda share: 0.0,  # until the next key
    "smooth": smooth,
    "in": lambda share: share**3,
    "out": lambda share: 1 - (1 - share) ** 3,
    "bounce": bounce,
    "elastic": elastic,
}
