"""Analysis of a film's sound: loudness, bands, onsets and beats for each frame."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from dreamvid.media.audio.beats import LIKELY, count_beats, find_beats
from dreamvid.media.audio.spectrum import HOPS, Hops, measure

PERCENTILE = 98  # of a curve over the film's frames: it is scaled to 1
RARE = 0.02  # a curve whose percentile is below this share of its maximum has few, far peaks

SILENCE = 1e-3  # amplitude, -60 dB of a full sine's rms: a softer sound is not scaled up to 1
FAINT = 0.04  # of the loudness, -28 dB: a softer band is not scaled up to 1
FLAT = 0.05  # spectral flux: weaker onsets are not scaled up to 1

Curve = Float32[np.ndarray, " frames"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SoundCurves:
    """Values for frames 0, 1, ...; in [0, 1] except `beat`."""

    rms: Curve  # loudness
    bass: Curve  # 20-150 Hz
    mid: Curve  # 150-2000 Hz
    high: Curve  # 2000-16000 Hz
    onset: Curve  # strength of note onsets
    beat: Float64[np.ndarray, " frames"]  # beats counted; an integer at each beat, always rising

    def at(self, frame: int) -> Mapping[str, float]:
        """Look up every curve at a frame, clamped to the first and the last."""
        index = min(max(frame, 0), len(self.rms) - 1)
        return {field.name: float(getattr(self, field.name)[index]) for field in fields(self)}


def analyse(
    path: Path,
    *,
    fps: Fraction,
    frames: int,
    attack: float = 0.01,
    release: float = 0.25,
    bpm: float | None = None,
    first: float = 0.0,
) -> SoundCurves:
    """Measure the sound that accompanies a film, in memory for the curves alone.

    Frame n's values describe the sound within half a frame of second first + n / fps. Each curve
    is scaled so that its 98th percentile over the film is 1, whatever the volume; silence stays 0,
    and a band that is hardly there stays near 0. The sound is followed by silence.

    Args:
        frames: number of frames of the film, 1 or more.
        attack, release: time constants (to 63 %) of the rise and the fall, in seconds.
        bpm: beats per minute, the first at frame 0. None tracks the beats, at 60 to 180 per minute;
            of a tempo and its half the one nearer to 120 is taken. A sound without a beat
            (silence, a steady tone) counts 120 per minute from frame 0.
        first: second of the sound at frame 0.

    Raises:
        VideoError: the sound cannot be read.
    """
    if frames < 1 or fps <= 0 or min(attack, release) < 0 or (bpm is not None and not bpm > 0):
        raise ValueError(f"{frames=}, {fps=}, {bpm=} must be positive, {attack=}, {release=} too")
    hops = int((frames - Fraction(1, 2)) / fps * HOPS) + 2
    measured = measure(path, first=first, hops=hops)
    seconds = np.arange(frames) / float(fps)
    smooth = {
        name: follow(_by_frame(values, fps, frames, name), float(fps), attack, release)
        for name, values in measured.items()
    }
    return SoundCurves(**_scaled(smooth), beat=_beats(measured["onset"], seconds, bpm))


def follow(curve: Curve, fps: float, attack: float, release: float) -> Curve:
    """Follow the envelope with a one-pole filter, starting from silence."""
    rise, fall = (float(np.exp(-1 / (fps * t))) if t > 0 else 0.0 for t in (attack, release))
    level, levels = 0.0, np.empty_like(curve)
    for n, value in enumerate(curve.tolist()):
        level = value + (rise if value > level else fall) * (level - value)
        levels[n] = level
    return levels


def _by_frame(values: Hops, fps: Fraction, frames: int, name: str) -> Curve:
    """Reduce the hops of each frame: the root of their mean, but the maximum of onsets."""
    ends = np.arange(-1, 2 * frames, 2, dtype=np.int64)  # half a frame to either side
    ends = -(-ends * (HOPS * fps.denominator) // (2 * fps.numerator))
    low = np.clip(ends[:-1], 0, len(values) - 1)
    high = np.clip(ends[1:], low + 1, len(values))
    if name == "onset":
        peaks = [values[a:b].max() for a, b in zip(low, high, strict=True)]
        return np.array(peaks, np.float32)
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    mean = np.maximum(total[high] - total[low], 0) / (high - low)
    return np.sqrt(mean).astype(np.float32)


def _scaled(curves: dict[str, Curve]) -> dict[str, Curve]:
    faint = max(SILENCE, FAINT * _top(curves["rms"]))
    floors = {"rms": SILENCE, "onset": FLAT}
    return {
        name: np.minimum(curve / max(_top(curve), floors.get(name, faint)), 1)
        for name, curve in curves.items()
    }


def _top(curve: Curve) -> float:
    """The value scaled to 1: not a single bang, unless the curve has nothing else."""
    percentile, highest = float(np.percentile(curve, PERCENTILE)), float(curve.max())
    return percentile if percentile > RARE * highest else highest


def _beats(
    onsets: Hops, seconds: Float64[np.ndarray, " frames"], bpm: float | None
) -> Float64[np.ndarray, " frames"]:
    beats = find_beats(onsets, HOPS) if bpm is None else None
    if beats is None or len(beats) < 2:
        return seconds * ((bpm or LIKELY) / 60)
    return count_beats(beats, seconds)
