"""Time on a device: on CUDA told by events in its stream, so that nothing has to wait for it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch

Stamp = float | torch.cuda.Event
"""A point in time of a device."""

REST = "rest"  # what is in no part


def stamp(device: torch.device) -> Stamp:
    """Now; on CUDA when all that was asked for so far is done, without waiting for that."""
    if device.type == "cuda":
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event
    if device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def between(begin: Stamp, end: Stamp) -> float:
    """Seconds from one stamp to another; on CUDA the device must have reached both."""
    if isinstance(begin, torch.cuda.Event):
        assert isinstance(end, torch.cuda.Event)
        return begin.elapsed_time(end) / 1000
    assert isinstance(end, float)
    return end - begin


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """What it takes until the device has done it."""
    wait_for(device)
    begin = stamp(device)
    work()
    end = stamp(device)
    wait_for(device)
    return between(begin, end)


class Stopwatch:
    """One stretch of time without gaps, shared out among named parts.

    A part within another interrupts it, so that the parts and REST are all of the time.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._within = [REST]
        self._marks: list[tuple[str, Stamp]] = [(REST, stamp(device))]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._within.append(name)
        self._mark()
        try:
            yield
        finally:
            self._within.pop()
            self._mark()

    def seconds(self) -> dict[str, float]:
        """By part, up to now."""
        self._mark()
        wait_for(self.device)
        spent: defaultdict[str, float] = defaultdict(float)
        for (name, begin), (_, end) in pairwise(self._marks):
            spent[name] += between(begin, end)
        return dict(spent)

    def _mark(self) -> None:
        self._marks.append((self._within[-1], stamp(self.device)))
