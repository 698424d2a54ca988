"""Short-time analysis of a sound: loudness, bands and onsets every hundredth of a second."""

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy.lib.stride_tricks import sliding_window_view

from dreamvid.media.audio.blocks import Samples, fit, regroup
from dreamvid.media.audio.decode import RATE, read_blocks

HOPS = 100  # per second
HOP = RATE // HOPS  # samples
WINDOW = 4096  # samples, 85 ms: a shorter one would not separate 100 Hz from 150
SHORT = 2048  # samples, 43 ms, in its middle: for loudness and onsets

BANDS = {"bass": (20, 150), "mid": (150, 2000), "high": (2000, 16000)}  # Hz

# A click first shows in the window whose edge touches it, this many hops before its own.
ONSET_DELAY = 1

KNEE = 1e-3  # amplitude, -60 dB, below which the logarithm of the flux flattens
CHUNK = 256  # hops transformed at once

_FLUX_EDGES = np.geomspace(60, 16000, 33)  # Hz

Hops = Float32[np.ndarray, " hops"]
Windows = Float32[np.ndarray, "hops _window"]
Powers = Float32[np.ndarray, "hops _bins"]


def measure(path: Path, *, first: float, hops: int) -> dict[str, Hops]:
    """Measure `hops` hops of a sound, mixed to mono, from second `first` on.

    Hop k is centred at second first + k / HOPS. "rms", "bass", "mid" and "high" are mean squares in
    its window (0.5 for a full-scale sine); "onset" is the spectral flux, the mean increase of the
    bands' logarithms since the hop before. Silence surrounds the sound. Raises VideoError as
    read_blocks does.
    """
    before = 1 + ONSET_DELAY  # the flux of hop 0 needs these
    start = first - (before * HOP + WINDOW // 2) / RATE
    count = before + hops
    parts = []
    with closing(read_blocks(path, start=start, channels=1)) as blocks:
        previous = None
        for windows in _windows(fit(blocks, (count - 1) * HOP + WINDOW, channels=1)):
            short = windows[:, (WINDOW - SHORT) // 2 : (WINDOW + SHORT) // 2]
            levels = _flux_levels(_power(short))
            increase = np.diff(levels, axis=0, prepend=levels[:1] if previous is None else previous)
            previous = levels[-1:]
            flux = np.maximum(increase, 0).mean(axis=1)
            parts.append(np.stack([_loudness(short), *_bands(_power(windows)), flux]))
    table = np.concatenate(parts, axis=1).astype(np.float32)
    curves = dict(zip(("rms", *BANDS), table[:, before:], strict=False))
    early = before - ONSET_DELAY
    return {**curves, "onset": table[-1, early : early + hops]}


def _windows(samples: Iterator[Samples]) -> Iterator[Windows]:
    """Yield the windows of consecutive hops, up to CHUNK at once."""
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
    """Power spectrum, scaled so that the sum over all bins is the mean square."""
    hann = _hann(windows.shape[1])
    spectrum = np.fft.rfft(windows * hann)
    scale = 2 / (len(hann) * np.square(hann).sum())
    return (scale * (spectrum.real**2 + spectrum.imag**2)).astype(np.float32)


def _bands(power: Powers) -> Iterator[Hops]:
    for band in BANDS.values():
        low, high = np.searchsorted(_frequencies(power), band)
        yield power[:, low:high].sum(axis=1)


def _flux_levels(power: Powers) -> Powers:
    """Logarithms of amplitudes in about thirty narrow bands, (hops, bands)."""
    edges = np.unique(np.searchsorted(_frequencies(power), _FLUX_EDGES))
    energy = np.add.reduceat(power, edges, axis=1)[:, :-1]
    return np.log1p(np.sqrt(energy) / KNEE)


def _frequencies(power: Powers) -> np.ndarray:
    return np.linspace(0, RATE / 2, power.shape[1])


@cache
def _hann(size: int) -> Float32[np.ndarray, " size"]:
    return np.hanning(size + 1)[:-1].astype(np.float32)
