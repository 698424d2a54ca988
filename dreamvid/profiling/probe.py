"""Time a few frames of a film, with one gradient step in place of many."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from dreamvid.dream.objectives.grid import Shift
from dreamvid.dream.objectives.score import Differentiable
from dreamvid.dream.settings import Ascent
from dreamvid.film.closing_loops import lead_frames
from dreamvid.film.engine import Frame
from dreamvid.film.job import Job
from dreamvid.film.masking import Masking
from dreamvid.film.palettes import Palettes
from dreamvid.film.parts import Parts
from dreamvid.film.score import ScoreAt
from dreamvid.film.timeline import Timeline
from dreamvid.image import Image
from dreamvid.preset.schema import Preset
from dreamvid.profiling.bench.clock import wait_for
from dreamvid.profiling.timed_parts import TimedParts
from dreamvid.schedule.moment import Moment

POSITIONS = (0.2, 0.5, 0.8)  # shares of the film at which frames are timed, as schedules vary
PATIENCE = 20.0  # seconds; a frame that takes longer is the last one timed


@dataclass
class Clock:
    """Seconds since the last `start`, by purpose."""

    device: torch.device
    score: Differentiable | None = None  # the latest
    started: float = 0.0
    probed: float = 0.0  # of dream and colour, as measured
    dream: float = 0.0  # extrapolated to all steps
    balance: float = 0.0  # the part of `dream` that is done once for all steps
    colour: float = 0.0
    steps: int = 0  # in each octave, of the latest ascent

    def start(self) -> None:
        self.probed = self.dream = self.balance = self.colour = 0.0
        self.started = self.now()

    def now(self) -> float:
        """Read the time in seconds, once the device is done."""
        wait_for(self.device)
        return time.perf_counter()

    def parts(
        self,
        preset: Preset,
        timeline: Timeline,
        score_at: ScoreAt,
        device: torch.device,
        masking: Masking,
        palettes: Palettes,
    ) -> Parts:
        """Build the parts of a film, timed by this clock and with one step an octave."""

        def timed_score(moment: Moment, image: Image) -> Differentiable | None:
            score = score_at(moment, image)
            self.score = score or self.score
            return score and _TimedScore(score, self)

        settings = preset, timeline, timed_score, device, masking, palettes
        return TimedParts(*settings, part=self.part, shorten=self.shorten)

    def shorten(self, ascent: Ascent) -> Ascent:
        """Reduce an ascent to one step, and remember how many it has."""
        self.steps = ascent.steps
        return replace(ascent, steps=min(1, ascent.steps))

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time "dream", counting its one step as often as the film takes it, or "colour"."""
        begin, before = self.now(), self.balance
        yield
        spent, once = self.now() - begin, self.balance - before
        self.probed += spent
        if name == "dream":
            self.dream += once + self.steps * (spent - once)
        else:
            self.colour += spent


@dataclass(frozen=True)
class _TimedScore:
    """A score whose balancing is timed."""

    score: Differentiable
    clock: Clock

    def gradient(self, image: Image, shift: Shift) -> Image:
        return self.score.gradient(image, shift)

    def balanced(self, image: Image) -> Differentiable:
        begin = self.clock.now()
        result = self.score.balanced(image)
        self.clock.balance += self.clock.now() - begin
        return result


@dataclass(frozen=True)
class Probe:
    """Mean seconds of a film's frames, and one of the frames."""

    dream: float  # of a dreamed frame
    colour: float  # of a dreamed frame
    rest: float  # of any frame: motion, or the flow of footage
    frame: Frame
    score: Differentiable | None  # None: no frame was dreamed


def probe(job: Job, clock: Clock) -> Probe:
    """Time a few frames of a job built with the clock's parts; raises what dreaming raises."""
    probes: list[Probe] = []
    with job.steps({}) as step:
        clock.start()
        # The first frame is not moved, and includes what is slow only once.
        first = step(job.start)
        warm = _read(clock, first)
        for index in _positions(job.preset):
            clock.start()
            probes.append(_read(clock, step(replace(first, index=index - 1))))
            if clock.now() - clock.started > PATIENCE:
                break
    return _mean(probes or [warm])


def _read(clock: Clock, frame: Frame) -> Probe:
    rest = clock.now() - clock.started - clock.probed
    return Probe(clock.dream, clock.colour, rest, frame, clock.score)


def _mean(probes: list[Probe]) -> Probe:
    count = len(probes)
    return replace(
        probes[-1],
        dream=sum(one.dream for one in probes) / count,
        colour=sum(one.colour for one in probes) / count,
        rest=sum(one.rest for one in probes) / count,
    )


def _positions(preset: Preset) -> list[int]:
    """Choose dreamed frames over the film, before the closing of a loop."""
    every, overlap = preset.dream.every, lead_frames(preset.loop, preset.video.rate)[0]
    last = (preset.video.count - overlap - 1) // every
    if last <= 0:
        return []
    return sorted({every * max(1, round(position * last)) for position in POSITIONS})
