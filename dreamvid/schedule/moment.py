"""Where in a film a frame lies: the names that expressions may use, and their values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

SOUND = ("rms", "bass", "mid", "high", "onset")
"""What only a sound knows; `beat` follows from a tempo as well."""
VARIABLES = ("t", "p", "frame", "frames", "fps", "beat", *SOUND)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One frame of a film.

    Args:
        frame: its number, the first being 0; below 0 before the film.
        fps: frames a second.
        frames: length of the film.
        bpm: beats a minute; without it, beats are the sound's own.
        sound: values at this frame of rms, bass, mid, high, onset and beat; empty: silent.
    """

    frame: int
    fps: Fraction
    frames: int
    bpm: float | None = None
    sound: Mapping[str, float] = field(default_factory=dict, hash=False)

    @cached_property
    def t(self) -> float:
        """Seconds since the first frame."""
        return float(self.frame / self.fps)

    @cached_property
    def p(self) -> float:
        """Progress: 0 in the first frame, 1 in the last."""
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
        """The value of a variable; raises ValueError where the film has none of the name."""
        try:
            return self._values[name]
        except KeyError:
            if name == "beat":
                raise ValueError("beat needs sound.bpm or a sound") from None
            raise ValueError(f"{name} needs a sound: give sound.path") from None
