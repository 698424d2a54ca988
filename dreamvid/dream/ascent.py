"""The numbers of one frame's dream."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ascent:
    """How one frame is dreamed; units as in `DreamOptions`, defaults those of 2015."""

    octaves: int = 4
    octave_scale: float = 1.4
    steps: int = 10  # in each octave
    step_size: float = 1.5  # in 1/255
    jitter: int = 32
    pyramid: int = 0
    decorrelate: float = 0.0
