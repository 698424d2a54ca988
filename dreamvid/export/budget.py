"""The best plan whose file is small enough, with few whole files written. Knows no format.

A few of the film's pictures tell about how large each plan's file would be; whole files are
then written to be sure, and each one corrects what the sample told.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from dreamvid.errors import VideoError

_Plan = TypeVar("_Plan")

AIM = 0.97  # of the limit: what is aimed at, since a sample is not the film
ENOUGH = 0.85  # of the limit: a file of that size is not worth another try
TRIES = 4  # whole files, once one of them is small enough


def search(
    steps: Sequence[Sequence[_Plan]],
    limit: int | None,
    estimate: Callable[[_Plan], float],
    write: Callable[[_Plan], int],
) -> _Plan:
    """The best plan of the first step in which one has a file of at most `limit` bytes.

    It is the last plan written of which that is so; a larger one may be written after it.

    Args:
        steps: what is given up, step by step; in each, plans from the largest file to the
            smallest.
        estimate: about how many bytes a plan's file has; it may be off by any factor.
        write: writes the file, and tells its bytes.

    Raises:
        VideoError: even the last plan's file is too large.
    """
    if limit is None:
        write(steps[0][0])
        return steps[0][0]
    estimated = cache(lambda step, number: max(1.0, estimate(steps[step][number])))
    aim = AIM * limit
    too_large, fits = (0, -1), (len(steps), 0)  # the nearest places of which it is known
    written, size = 0, 0
    while True:
        place = max(_place(steps, estimated, aim), _after(steps, too_large))
        if place >= fits:
            break
        size, written = write(steps[place[0]][place[1]]), written + 1
        aim = AIM * limit * estimated(*place) / size
        if size > limit:
            too_large = place
        else:
            fits = place
            if size >= ENOUGH * limit or written >= TRIES:
                break
    if fits[0] == len(steps):
        many = f"the smallest file that can be made of it has {size} bytes, not {limit}"
        raise VideoError(f"{many}; a shorter part of the film is smaller")
    return steps[fits[0]][fits[1]]


def _place(
    steps: Sequence[Sequence[_Plan]], estimated: Callable[[int, int], float], aim: float
) -> tuple[int, int]:
    """(step, number) of the plan that is likely to be the best below `aim`, or the last one."""
    last = len(steps) - 1
    step = _first(0, last, lambda n: estimated(n, len(steps[n]) - 1) <= aim)
    number = _first(0, len(steps[step]) - 1, lambda n: estimated(step, n) <= aim)
    return step, number


def _after(steps: Sequence[Sequence[_Plan]], place: tuple[int, int]) -> tuple[int, int]:
    step, number = place
    return (step, number + 1) if number + 1 < len(steps[step]) else (step + 1, 0)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first of low, low + 1, ... for which it holds, and then for all; `high` for none."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
