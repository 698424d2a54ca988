"""Summary of repeated measurements: the median and its quartiles."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median with the quartiles `low` and `high`."""

    median: float
    low: float
    high: float

    def over(self, other: "Spread") -> "Spread":
        """Ratio of two medians, with bounds from their quartiles.

        The two were not measured in pairs, so each bound divides opposite quartiles.
        """
        return Spread(self.median / other.median, self.low / other.high, self.high / other.low)


def spread_of(values: Sequence[float]) -> Spread:
    """Compute median and quartiles as `numpy.percentile` does; raises ValueError for no values."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)
