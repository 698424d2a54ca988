"""Pace of a film that is played: how long its frames take, and its dreams a second."""

import time
from collections import deque

RECENT = 5.0  # seconds over which dreams are counted


class Pace:
    """Durations of the latest frames."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=4000)
        self._dreams: deque[float] = deque(maxlen=400)

    def took(self, seconds: float, *, dreamed: bool) -> None:
        """Add a frame that took so long, the rest after it included."""
        self._took.append(seconds)
        if dreamed:
            self._dreams.append(time.monotonic())

    def period(self, every: int) -> float:
        """Compute the mean seconds a frame of the latest ones, one in `every` of them dreamed."""
        latest = list(self._took)[-2 * every :]
        return sum(latest) / len(latest) if latest else 0.0

    @property
    def dreamed(self) -> float:
        """Frames dreamed a second."""
        now = time.monotonic()
        recent = [then for then in self._dreams if now - then < RECENT]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / max(1e-6, recent[-1] - recent[0])
