"""Beat tracking (Ellis, "Beat Tracking by Dynamic Programming", J. New Music Res. 2007)."""

import numpy as np
from jaxtyping import Float

SLOWEST, FASTEST = 60, 180  # beats per minute
LIKELY = 120  # centre of the tempo prior, Ellis's section 3.2
OCTAVES = 0.9  # standard deviation of the prior, Ellis's fit to tapping people

BLUR = 0.02  # seconds

TIGHTNESS = 100  # weight of a steady tempo against the strength of the onsets

# Thresholds of the autocorrelation relative to lag 0. The few ripples of a tone stay below the
# first; noise stays below the second over the root of the number of onset values.
CLEAR, NOISE = 0.05, 5.0

Onsets = Float[np.ndarray, " hops"]


def find_beats(onsets: Onsets, rate: float) -> Float[np.ndarray, " beats"] | None:
    """Track the beats of onset strengths, `rate` per second; None if there are none.

    Returns seconds from the first hop on.
    """
    period = find_period(onsets, rate)
    if period is None:
        return None
    # Blurred, so that an onset counts a little beside its beat as well.
    score = _blur(onsets / onsets.std(), period / 32)
    return _best_path(score, period) / rate


def find_period(onsets: Onsets, rate: float) -> float | None:
    """Estimate the beat period in hops; None where the onsets are not periodic."""
    low, high = int(rate * 60 / FASTEST), int(np.ceil(rate * 60 / SLOWEST))
    if len(onsets) < 2 * high or not onsets.std() > 0:
        return None
    # Without the blur a period between two integers would lose against its double.
    correlation = _autocorrelation(_blur(onsets, BLUR * rate), high + 2)
    lags = np.arange(low, high + 1)
    prior = np.exp(-0.5 * (np.log2(lags * LIKELY / (60 * rate)) / OCTAVES) ** 2)
    best = int(lags[np.argmax(correlation[lags] * prior)])
    if correlation[best] < max(CLEAR, NOISE / np.sqrt(len(onsets))):
        return None
    return best + _peak_offset(*map(float, correlation[best - 1 : best + 2]))


def count_beats(
    beats: Float[np.ndarray, " beats"], seconds: Float[np.ndarray, " times"]
) -> Float[np.ndarray, " times"]:
    """Count the beats at each time: an integer at a beat, linear between two.

    Before the first and after the last it continues at the median tempo. At second 0 it is in
    [0, 1). There must be two beats at least.
    """
    period = float(np.median(np.diff(beats)))
    before = int(max(0, np.ceil((beats[0] - min(0.0, seconds[0])) / period))) + 1
    after = int(max(0, np.ceil((seconds[-1] - beats[-1]) / period))) + 1
    earlier = beats[0] + period * np.arange(-before, 0)
    later = beats[-1] + period * np.arange(1, after + 1)
    extended = np.concatenate([earlier, beats, later])
    numbers = np.arange(len(extended), dtype=np.float64)
    return np.interp(seconds, extended, numbers) - np.floor(np.interp(0.0, extended, numbers))


def _blur(onsets: Onsets, width: float) -> Onsets:
    reach = np.arange(-int(4 * width) - 1, int(4 * width) + 2)
    return np.convolve(onsets, np.exp(-0.5 * (reach / width) ** 2), mode="same")


def _autocorrelation(onsets: Onsets, lags: int) -> Float[np.ndarray, " lags"]:
    """Autocorrelate at lags 0, 1, ..., normalised to 1 at lag 0."""
    centred = onsets - onsets.mean()
    size = 1 << (len(onsets) + lags).bit_length()  # padded, so that the end does not wrap around
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    correlation = np.fft.irfft(power, size)[:lags]
    return correlation / correlation[0]


def _peak_offset(left: float, middle: float, right: float) -> float:
    """Offset of the peak of the parabola through three neighbours from the middle one."""
    curvature = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / curvature, -0.5, 0.5)) if curvature < 0 else 0.0


def _best_path(score: Onsets, period: float) -> Float[np.ndarray, " beats"]:
    """Find the hops of the best total score minus the cost of their distance from the period."""
    back = np.arange(-round(2 * period), -round(period / 2) + 1)
    cost = -TIGHTNESS * np.log(-back / period) ** 2
    # Hops before the first one score nothing, but the tempo costs as everywhere.
    reach = len(cost) + round(period / 2)
    best = np.concatenate([np.zeros(reach), np.zeros(len(score))])
    previous = np.empty(len(score), np.int64)
    for hop, onset in enumerate(score):
        earlier = best[reach + hop + back[0] : reach + hop + back[-1] + 1] + cost
        choice = int(earlier.argmax())
        best[reach + hop] = onset + earlier[choice]
        previous[hop] = hop + back[choice]
    return _backtrack(best[reach:], previous, round(period))


def _backtrack(best: Onsets, previous: np.ndarray, period: int) -> Float[np.ndarray, " beats"]:
    hop = len(best) - period + int(best[-period:].argmax())
    path = []
    while hop >= 0:
        path.append(hop)
        hop = int(previous[hop])
    return np.array(path[::-1], np.float64)
