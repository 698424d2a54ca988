"""The numbers of one frame's dream."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ascent:
    """How one frame is dreamed; units as in `DreamOptions`, defaults those of 2015."""

    octaves: int = 4
    octave_scale: float = 1.4
    octave_step: float = 1.0
    steps: int = 10  # in each octave
    step_size: float = 1.5  # in 1/255
    last_step: float = 1.0
    jitter: int = 32
    optimiser: str = "ascent"  # ascent, momentum, adam
    pyramid: int = 0
    frequency: float = 0.0
    smooth: float = 0.0  # in pixels
    decorrelate: float = 0.0
    luminance: float = 0.0
    total_variation: float = 0.0
    high_frequency: float = 0.0
    sharpen: float = 0.0
    saturation_limit: float = 0.0  # chroma in CIE Lab
