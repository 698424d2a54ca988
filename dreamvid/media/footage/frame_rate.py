"""Frame rate of a film, found from the times of its frames."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

NTSC = Fraction(1000, 1001)
# Rates that cameras and programs make; a measured rate near one is rounded to it.
USUAL_RATES = tuple(
    sorted(
        {*map(Fraction, (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240))}
        | {rate * NTSC for rate in (24, 30, 48, 60, 120, 240)}
    )
)
# The unit of Matroska and Flash, from which a file may have been converted.
MILLISECOND = Fraction(1, 1000)
SLOWEST, FASTEST = Fraction(1), Fraction(240)
MANY = 9  # frames


def constant_rate(
    ticks: Sequence[int], tick: Fraction, declared: Sequence[Fraction]
) -> Fraction | None:
    """Find the rate at which every frame's time is its number's, but for rounding; else None."""
    shown = np.asarray(ticks, np.float64) - ticks[0]
    numbers = np.arange(len(ticks))

    def error(rate: Fraction) -> float:
        """Largest error in seconds, less 1e-6 of a tick for the arithmetic."""
        return max(0.0, np.abs(shown - numbers * float(1 / (rate * tick))).max() - 1e-6) * tick

    fine = tick if tick < MILLISECOND else 0
    exact = next((rate for rate in declared if error(rate) <= fine), None)
    if exact:
        return exact
    rounding = max(tick, MILLISECOND)
    near = [r for r in USUAL_RATES if declared and abs(r - declared[0]) <= declared[0] / 10]
    # libav's average of rounded times may fit as well as a usual rate, which is preferred.
    errors = {rate: error(rate) for rate in (*near, *declared)}
    best = min(errors, key=lambda r: max(errors[r], 0.51 * rounding), default=None)
    return best if best and errors[best] <= max(tick, min(rounding, 1 / best / 4)) else None


def grid_rate(
    ticks: Sequence[int], tick: Fraction, declared: Sequence[Fraction]
) -> Fraction | None:
    """Find the rate of a grid on which all times lie, but for rounding, with frames left out.

    Most frames must follow the one before by one step: times on a grid of 60 that mostly are two
    and three steps apart are a film of 24 frames a second. Of many frames the first may be off it:
    fragments of MP4 show it for longer, by the delay of the sound's encoder.
    """
    rate = _grid_rate(ticks, tick, declared)
    return rate or (_grid_rate(ticks[1:], tick, declared) if len(ticks) > MANY else None)


def _grid_rate(
    ticks: Sequence[int], tick: Fraction, declared: Sequence[Fraction]
) -> Fraction | None:
    if len(ticks) < 3:
        return None
    shown = np.asarray(ticks, np.int64) - ticks[0]
    common = 1 / (math.gcd(*shown.tolist()) * tick or 1)
    rounding = max(tick, MILLISECOND)
    fitting = []
    for rate in {common, *declared, *USUAL_RATES}:
        if not SLOWEST <= rate <= FASTEST:
            continue
        exact = shown * float(rate * tick)
        numbers = np.round(exact)
        error = float(np.abs(exact - numbers).max()) / float(rate)
        steps, counts = np.unique(np.diff(numbers), return_counts=True)
        if error - 1e-9 <= max(tick, min(rounding, 1 / rate / 4)) and (
            1 in steps and counts[steps == 1] == counts.max()
        ):
            fitting.append((rate, error))
    if not fitting:
        return None
    lowest = min(rate for rate, _ in fitting)
    near = [one for one in fitting if one[0] <= lowest * Fraction(1002, 1000)]

    def preference(one: tuple[Fraction, float]) -> tuple[float, int]:
        """Rank a rate: its error, and of those within the rounding a declared, then a usual one."""
        known = [*declared, *USUAL_RATES]
        place = known.index(one[0]) if one[0] in known else len(known)
        return max(one[1], 0.51 * float(rounding)), place

    return min(near, key=preference)[0]


def usual_rate(average: Fraction) -> Fraction:
    """Round a variable rate to a usual one within 3 %, else to a whole number."""
    near = min(USUAL_RATES, key=lambda rate: abs(rate - average))
    return near if abs(near - average) <= average * 3 / 100 else Fraction(round(average))
