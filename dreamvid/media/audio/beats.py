"""Beats from onsets: Ellis, "Beat Tracking by Dynamic Programming", J. New Music Res. 2007."""

import numpy as np
from jaxtyping import Float

SLOWEST, FASTEST = 60, 180  # beats a minute
LIKELY = 120  # the prior's middle, Ellis's section 3.2
OCTAVES = 0.9  # the prior's width, as Ellis's fit to tapping people

BLUR = 0.02  # seconds

TIGHTNESS = 100  # how little a beat may leave the tempo, against the onset's strength

# Of the autocorrelation, against that of no lag. Noise stays below the second, over the
# root of the number of onset values; a tone's few ripples below the first.
CLEAR, NOISE = 0.05, 5.0

Onsets = Float[np.ndarray, " hops"]


def find_beats(onsets: Onsets, rate: float) -> Float[np.ndarray, " beats"] | None:
    """The seconds of the beats, from the first hop to the last, or None if there are none.

    Args:
        onsets: how strongly something begins, `rate` times a second.
    """
    period = find_period(onsets, rate)
    if period is None:
        return None
    # Blurred, so that an onset counts a little beside its beat as well.
    score = _blur(onsets / onsets.std(), period / 32)
    return _best_path(score, period) / rate


def find_period(onsets: Onsets, rate: float) -> float | None:
    """Hops from beat to beat, or None where the onsets do not recur."""
    low, high = int(rate * 60 / FASTEST), int(np.ceil(rate * 60 / SLOWEST))
    if len(onsets) < 2 * high or not onsets.std() > 0:
        return None
    # Unblurred, a period between two whole hops would lose against its double.
    correlation = _autocorrelation(_blur(onsets, BLUR * rate), high + 2)
    lags = np.arange(low, high + 1)
    prior = np.exp(-0.5 * (np.log2(lags * LIKELY / (60 * rate)) / OCTAVES) ** 2)
    best = int(lags[np.argmax(correlation[lags] * prior)])
    if correlation[best] < max(CLEAR, NOISE / np.sqrt(len(onsets))):
        return None
    return best + _summit(*map(float, correlation[best - 1 : best + 2]))


def count_beats(
    beats: Float[np.ndarray, " beats"], seconds: Float[np.ndarray, " times"]
) -> Float[np.ndarray, " times"]:
    """The beat at each time: whole at a beat, in a straight line between two.

    Before the first and after the last it goes on at the usual tempo. At second 0 it is 0
    or less than 1. There must be two beats at least.
    """
    period = float(np.median(np.diff(beats)))
    before = int(max(0, np.ceil((beats[0] - min(0.0, seconds[0])) / period))) + 1
    after = int(max(0, np.ceil((seconds[-1] - beats[-1]) / period))) + 1
    known = np.concatenate(
        [
            beats[0] + period * np.arange(-before, 0),
            beats,
            beats[-1] + period * np.arange(1, after + 1),
        ]
    )
    numbers = np.arange(len(known), dtype=np.float64)
    return np.interp(seconds, known, numbers) - np.floor(np.interp(0.0, known, numbers))


def _blur(onsets: Onsets, width: float) -> Onsets:
    reach = np.arange(-int(4 * width) - 1, int(4 * width) + 2)
    return np.convolve(onsets, np.exp(-0.5 * (reach / width) ** 2), mode="same")


def _autocorrelation(onsets: Onsets, lags: int) -> Float[np.ndarray, " lags"]:
    """For lags 0, 1, ...; 1 at lag 0."""
    centred = onsets - onsets.mean()
    size = 1 << (len(onsets) + lags).bit_length()  # with room, so that the end meets no start
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    correlation = np.fft.irfft(power, size)[:lags]
    return correlation / correlation[0]


def _summit(left: float, middle: float, right: float) -> float:
    """Where the parabola through three neighbours is highest, from the middle one."""
    bend = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _best_path(score: Onsets, period: float) -> Float[np.ndarray, " beats"]:
    """The hops that add up to the most, less what their distances differ from the period."""
    back = np.arange(-round(2 * period), -round(period / 2) + 1)
    cost = -TIGHTNESS * np.log(-back / period) ** 2
    # Before the first hop nothing is won, but the tempo costs as everywhere.
    reach = len(cost) + round(period / 2)
    best = np.concatenate([np.zeros(reach), np.zeros(len(score))])
    came_from = np.empty(len(score), np.int64)
    for hop, onset in enumerate(score):
        earlier = best[reach + hop + back[0] : reach + hop + back[-1] + 1] + cost
        choice = int(earlier.argmax())
        best[reach + hop] = onset + earlier[choice]
        came_from[hop] = hop + back[choice]
    return _walk_back(best[reach:], came_from, round(period))


def _walk_back(best: Onsets, came_from: np.ndarray, period: int) -> Float[np.ndarray, " beats"]:
    hop = len(best) - period + int(best[-period:].argmax())
    path = []
    while hop >= 0:
        path.append(hop)
        hop = int(came_from[hop])
    return np.array(path[::-1], np.float64)
