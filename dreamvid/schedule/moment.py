"""Moment of a film: the variables of expressions, and their values in one frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

SOUND = ("rms", "bass", "mid", "high", "onset")
"""Variables that need a sound; `beat` may follow from a tempo instead."""
VARIABLES = ("t", "p", "frame", "frames", "fps", "beat", *SOUND)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Frame of a film, with its time, tempo and sound."""

    frame: int  # from 0; negative in the lead-in before the film
    fps: Fraction  # frames a second
    frames: int  # length of the film
    bpm: float | None = None  # beats a minute; None: beats are detected in the sound
    seed: int = 0  # of the film
    sound: Mapping[str, float] = field(default_factory=dict, hash=False)  # empty: silent
    tried: "Moment | None" = field(default=None, compare=False)
    """Earlier moment, known to have values, for a schedule without one here; None: this one is."""

    @cached_property
    def t(self) -> float:
        """Seconds since the first frame."""
        return float(self.frame / self.fps)

    @cached_property
    def p(self) -> float:
        """Progress, from 0 in the first frame to 1 in the last."""
        return self.frame / max(1, self.frames - 1)

    @cached_property
    def _values(self) -> dict[str, float]:
        values = {
            **self.sound,
            "t": self.t,
            "p": self.p,
            "frame": float(self.frame),
            "frames": float(self.frames),
            "fps": float(self.fps),
        }
        return values if self.bpm is None else values | {"beat": self.t * self.bpm / 60}

    def value(self, name: str) -> float:
        """Look up a variable; raises ValueError where the film has no tempo or sound for it."""
        try:
            return self._values[name]
        except KeyError:
            if name == "beat":
                raise ValueError("beat needs sound.bpm or a sound") from None
            raise ValueError(f"{name} needs a sound: give sound.path") from None
