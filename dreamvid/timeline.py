"""The film's time: what each frame's moment is, and what every schedule says then."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from dreamvid.errors import PresetError
from dreamvid.options import Options, Preset
from dreamvid.schedule.curve import Curve
from dreamvid.schedule.moment import Moment

CHECKED = 20_000  # frames at most whose values are tried before the work; longer films: spread


Levels = Callable[[int], Mapping[str, float]]
"""A frame's number -> what is heard then: rms, bass, mid, high, onset, beat."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    fps: Fraction
    frames: int  # of the film
    bpm: float | None = None
    levels: Levels | None = None
    loops: bool = False  # frame -1 is the last one once more

    def moment(self, index: int) -> Moment:
        frame = index % self.frames if self.loops else index
        return Moment(
            frame=frame,
            fps=self.fps,
            frames=self.frames,
            bpm=self.bpm,
            sound=self.levels(frame) if self.levels else {},
        )


def check_schedules(preset: Preset, timeline: Timeline) -> None:
    """Try every schedule over the whole film; raises PresetError naming option and frame."""
    found = dict(schedules(preset))
    spread = -(-timeline.frames // CHECKED)
    for index in range(0, timeline.frames if found else 0, spread):
        moment = timeline.moment(index)
        for option, curve in found.items():
            try:
                curve.at(moment)
            except ValueError as error:
                raise PresetError(option, str(error)) from None


def schedules(value: Any, name: str = "") -> Iterator[tuple[str, Curve]]:
    """Every schedule in a preset with the name of its option: ("motion.zoom", curve)."""
    if isinstance(value, Curve):
        yield name, value
    elif isinstance(value, Options):
        for field in type(value).model_fields:
            yield from schedules(getattr(value, field), f"{name}.{field}".lstrip("."))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from schedules(item, f"{name}[{number}]")
