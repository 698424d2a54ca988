"""Time on a device; CUDA events are used there, so that no call waits for the device."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch

Stamp = float | torch.cuda.Event
"""Point in time on a device."""

REST = "rest"  # time in no part


def stamp(device: torch.device) -> Stamp:
    """Mark the present; on CUDA the moment when all queued work is done, without waiting for it."""
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
    """Wait until the device has done all queued work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Measure the seconds until the device has done some work."""
    wait_for(device)
    begin = stamp(device)
    work()
    end = stamp(device)
    wait_for(device)
    return between(begin, end)


class Stopwatch:
    """Divides the time since its creation among named parts and REST, without gaps.

    A part within another interrupts it.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._stack = [REST]
        self._marks: list[tuple[str, Stamp]] = [(REST, stamp(device))]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Attribute the time of the block to a part."""
        self._stack.append(name)
        self._mark()
        try:
            yield
        finally:
            self._stack.pop()
            self._mark()

    def seconds(self) -> dict[str, float]:
        """Seconds by part, up to now."""
        self._mark()
        wait_for(self.device)
        spent: defaultdict[str, float] = defaultdict(float)
        for (name, begin), (_, end) in pairwise(self._marks):
            spent[name] += between(begin, end)
        return dict(spent)

    def _mark(self) -> None:
        self._marks.append((self._stack[-1], stamp(self.device)))
