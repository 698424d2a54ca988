"""What a film's sound is like at every hundredth of a second: its loudness, bands and onsets."""

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy.lib.stride_tricks import sliding_window_view

from dreamvid.media.audio.blocks import Samples, fit, regroup
from dreamvid.media.audio.decode import RATE, read_blocks

HOPS = 100  # a second
HOP = RATE // HOPS  # samples
WINDOW = 4096  # samples, 85 ms: a shorter one would not tell 100 Hz from what is above 150
SHORT = 2048  # samples, 43 ms, in its middle: for when something begins, and how loud it is

BANDS = {"bass": (20, 150), "mid": (150, 2000), "high": (2000, 16000)}  # Hz

# A click shows first where the window only touches it. So many hops later is its middle.
ONSET_DELAY = 1

KNEE = 1e-3  # amplitude, -60 dB: the logarithm in the flux flattens what is softer
CHUNK = 256  # hops transformed at once

_FLUX_EDGES = np.geomspace(60, 16000, 33)  # Hz

Hops = Float32[np.ndarray, " hops"]
Windows = Float32[np.ndarray, "hops _window"]
Powers = Float32[np.ndarray, "hops _bins"]


def measure(path: Path, *, first: float, hops: int) -> dict[str, Hops]:
    """Measure the sound of the film's part that begins at second `first`, mono.

    Hop k is about second first + k / HOPS. "rms", "bass", "mid" and "high" are mean squares
    in a window around it (a full sine has 0.5), "onset" is the spectral flux: how much
    louder, in logarithms, the mean band grew since the hop before. Beyond the sound's ends
    there is silence. Raises VideoError like read_blocks.
    """
    before = 1 + ONSET_DELAY  # the flux of hop 0 needs these
    start = first - (before * HOP + WINDOW // 2) / RATE
    count = before + hops
    parts = []
    with closing(read_blocks(path, start=start, channels=1)) as blocks:
        last = None
        for windows in _windows(fit(blocks, (count - 1) * HOP + WINDOW, channels=1)):
            short = windows[:, (WINDOW - SHORT) // 2 : (WINDOW + SHORT) // 2]
            levels = _flux_levels(_power(short))
            grown = np.diff(levels, axis=0, prepend=levels[:1] if last is None else last)
            last = levels[-1:]
            flux = np.maximum(grown, 0).mean(axis=1)
            parts.append(np.stack([_loudness(short), *_bands(_power(windows)), flux]))
    table = np.concatenate(parts, axis=1).astype(np.float32)
    curves = dict(zip(("rms", *BANDS), table[:, before:], strict=False))
    early = before - ONSET_DELAY
    return {**curves, "onset": table[-1, early : early + hops]}


def _windows(samples: Iterator[Samples]) -> Iterator[Windows]:
    """Hop after hop, up to CHUNK hops at once."""
    held = np.zeros(0, np.float32)
    for block in regroup(samples, CHUNK * HOP):
        held = np.concatenate([held, block[0]])
        if len(held) >= WINDOW:
            windows = sliding_window_view(held, WINDOW)[::HOP]
            yield windows
            held = held[len(windows) * HOP :]


def _loudness(windows: Windows) -> Hops:
    weights = np.square(_hann(windows.shape[1]))
    return np.square(windows) @ (weights / weights.sum())


def _power(windows: Windows) -> Powers:
    """So scaled that the sum over all bins is the mean square."""
    hann = _hann(windows.shape[1])
    spectrum = np.fft.rfft(windows * hann)
    scale = 2 / (len(hann) * np.square(hann).sum())
    return (scale * (spectrum.real**2 + spectrum.imag**2)).astype(np.float32)


def _bands(power: Powers) -> Iterator[Hops]:
    for band in BANDS.values():
        low, high = np.searchsorted(_frequencies(power), band)
        yield power[:, low:high].sum(axis=1)


def _flux_levels(power: Powers) -> Powers:
    """(hops, bands) logarithms of amplitudes in about thirty narrow bands."""
    edges = np.unique(np.searchsorted(_frequencies(power), _FLUX_EDGES))
    energy = np.add.reduceat(power, edges, axis=1)[:, :-1]
    return np.log1p(np.sqrt(energy) / KNEE)


def _frequencies(power: Powers) -> np.ndarray:
    return np.linspace(0, RATE / 2, power.shape[1])


@cache
def _hann(size: int) -> Float32[np.ndarray, " size"]:
    return np.hanning(size + 1)[:-1].astype(np.float32)
