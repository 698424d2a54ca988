"""A few frames of a film, timed: one gradient step is taken where many are wanted."""

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
from dreamvid.film.parts import Parts
from dreamvid.film.score import ScoreAt
from dreamvid.film.timeline import Timeline
from dreamvid.image import Image
from dreamvid.preset.schema import Preset
from dreamvid.profiling.timed_parts import TimedParts
from dreamvid.schedule.moment import Moment

PLACES = (0.2, 0.5, 0.8)  # shares of the film that are looked at: schedules change what it takes
PATIENCE = 20.0  # seconds; after a frame that takes longer no other is tried


@dataclass
class Clock:
    """Seconds since the last `start`, by what they were for."""

    device: torch.device
    score: Differentiable | None = None  # the latest that was dreamed by
    started: float = 0.0
    probed: float = 0.0  # spent on dream and colour
    dream: float = 0.0  # what all steps would take
    balance: float = 0.0  # of `dream`, what is done once for all steps
    colour: float = 0.0
    steps: int = 0  # in each octave, of the latest ascent

    def start(self) -> None:
        self.probed = self.dream = self.balance = self.colour = 0.0
        self.started = self.now()

    def now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def parts(
        self,
        preset: Preset,
        timeline: Timeline,
        score_at: ScoreAt,
        device: torch.device,
        masking: Masking,
    ) -> Parts:
        """Build the parts of a film, timed by this clock and with one step an octave."""

        def watched(moment: Moment, image: Image) -> Differentiable | None:
            score = score_at(moment, image)
            self.score = score or self.score
            return score and _Watched(score, self)

        settings = preset, timeline, watched, device, masking
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
class _Watched:
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
    """What frames of a film take, in seconds each; and one of them."""

    dream: float  # of those that are dreamed
    colour: float  # as well
    rest: float  # of all frames: motion, or the flow of footage
    frame: Frame
    score: Differentiable | None  # None: nothing was dreamed


def probe(job: Job, clock: Clock) -> Probe:
    """A few frames of a film at their real size; raises what dreaming raises.

    Args:
        job: built with the clock's parts.
    """
    found: list[Probe] = []
    with job.steps({}) as step:
        clock.start()
        # The first frame of all is not moved, and what runs once is slow.
        first = step(job.start)
        warm = _read(clock, first)
        for index in _places(job.preset):
            clock.start()
            found.append(_read(clock, step(replace(first, index=index - 1))))
            if clock.now() - clock.started > PATIENCE:
                break
    return _mean(found or [warm])


def _read(clock: Clock, frame: Frame) -> Probe:
    rest = clock.now() - clock.started - clock.probed
    return Probe(clock.dream, clock.colour, rest, frame, clock.score)


def _mean(found: list[Probe]) -> Probe:
    count = len(found)
    return replace(
        found[-1],
        dream=sum(one.dream for one in found) / count,
        colour=sum(one.colour for one in found) / count,
        rest=sum(one.rest for one in found) / count,
    )


def _places(preset: Preset) -> list[int]:
    """Numbers of dreamed frames all over the film, before it is led back to its beginning."""
    every, overlap = preset.dream.every, lead_frames(preset.loop, preset.video.rate)[0]
    last = (preset.video.count - overlap - 1) // every
    return sorted({every * max(1, round(place * last)) for place in PLACES}) if last > 0 else []
