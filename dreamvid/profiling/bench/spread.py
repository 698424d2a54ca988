"""Repeated measurements as one figure: their median, and the quartiles around it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median and its quartiles: half of all measurements lie from `low` to `high`."""

    median: float
    low: float
    high: float

    def over(self, other: "Spread") -> "Spread":
        """The ratio of the medians, and how far apart the quartiles may move it.

        The two were not measured in pairs, so the ends are each quartile by the opposite one.
        """
        return Spread(self.median / other.median, self.low / other.high, self.high / other.low)


def spread_of(values: Sequence[float]) -> Spread:
    """Quartiles as `numpy.percentile` has them; raises ValueError for no values."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)
