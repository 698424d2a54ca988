"""Search for the best plan whose file is small enough, with few whole files written.

A sample of the film estimates each plan's file size; whole files are then written to be sure, and
each one corrects the estimate. Knows no format.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from dreamvid.errors import VideoError

_Plan = TypeVar("_Plan")

AIM = 0.97  # of the limit: the size aimed at, since a sample is not the film
ENOUGH = 0.85  # of the limit: a file of that size is not worth another try
TRIES = 4  # whole files, once one of them is small enough


def search(
    steps: Sequence[Sequence[_Plan]],
    limit: int | None,
    estimate: Callable[[_Plan], float],
    write: Callable[[_Plan], int],
) -> _Plan:
    """Find the best plan of the first step that has a file of at most `limit` bytes.

    It is the last such plan written; a larger one may be written after it.

    Args:
        steps: concessions, step by step; each has plans from the largest file to the smallest.
        estimate: estimates a plan's file size in bytes; it may be off by any factor.
        write: writes the file and returns its size in bytes.

    Raises:
        VideoError: even the last plan's file is too large.
    """
    if limit is None:
        write(steps[0][0])
        return steps[0][0]
    estimated = cache(lambda step, number: max(1.0, estimate(steps[step][number])))
    aim = AIM * limit
    too_large, fits = (0, -1), (len(steps), 0)  # the nearest tried positions of each
    written, size = 0, 0
    while True:
        position = max(_guess(steps, estimated, aim), _next(steps, too_large))
        if position >= fits:
            break
        size, written = write(steps[position[0]][position[1]]), written + 1
        aim = AIM * limit * estimated(*position) / size
        if size > limit:
            too_large = position
        else:
            fits = position
            if size >= ENOUGH * limit or written >= TRIES:
                break
    if fits[0] == len(steps):
        problem = f"the smallest file that can be made of it has {size} bytes, not {limit}"
        raise VideoError(f"{problem}; a shorter part of the film is smaller")
    return steps[fits[0]][fits[1]]


def _guess(
    steps: Sequence[Sequence[_Plan]], estimated: Callable[[int, int], float], aim: float
) -> tuple[int, int]:
    """(step, number) of the plan likely to be the best below `aim`, or of the last one."""
    last = len(steps) - 1
    step = _first(0, last, lambda n: estimated(n, len(steps[n]) - 1) <= aim)
    number = _first(0, len(steps[step]) - 1, lambda n: estimated(step, n) <= aim)
    return step, number


def _next(steps: Sequence[Sequence[_Plan]], position: tuple[int, int]) -> tuple[int, int]:
    step, number = position
    return (step, number + 1) if number + 1 < len(steps[step]) else (step + 1, 0)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Bisect for the first integer from `low` on that a monotone predicate accepts, or `high`."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
