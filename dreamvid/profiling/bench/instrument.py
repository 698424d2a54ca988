"""Instrument a render: wrap its functions and classes to time them while it runs.

The parts divide the time of the dreaming thread; encoders run beside it in threads of their own.
`render` itself has no timing code.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from time import perf_counter
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from dreamvid.film.closing_loops import LeadIn
from dreamvid.film.engine import Frame, Step
from dreamvid.film.job import Job
from dreamvid.image import Image
from dreamvid.media.video.colour import Planes
from dreamvid.media.video.segments import TwinSegments
from dreamvid.media.video.transfer import PendingFrames
from dreamvid.media.video.writer import Encoding
from dreamvid.preset.schema import Preset
from dreamvid.profiling.bench.clock import Stopwatch
from dreamvid.profiling.timed_parts import TimedParts
from dreamvid.render import render
from dreamvid.render.work import segmented


class Watch:
    def __init__(self, device: torch.device) -> None:
        self.stopwatch = Stopwatch(device)
        self.encodings: list[float] = []  # seconds of each segment's file


@contextmanager
def timed_render(watch: Watch) -> Iterator[None]:
    """Time the renders that run during the block."""
    whole = {
        "build": partial(_build, watch, render.build),
        "write_films": partial(_write_films, watch, render.write_films),
    }
    frames = {
        "samples": partial(_samples, watch, segmented.samples),
        "PendingFrames": partial(_TimedPendingFrames, watch),
        "TwinSegments": partial(_TimedSegments, watch),
    }
    with _replaced(render, whole), _replaced(segmented, frames):
        yield


@contextmanager
def _replaced(module: ModuleType, others: dict[str, Any]) -> Iterator[None]:
    originals = {name: getattr(module, name) for name in others}
    try:
        vars(module).update(others)
        yield
    finally:
        vars(module).update(originals)


def _build(
    watch: Watch, build: Callable[..., Job], preset: Preset, device: torch.device, **how: Any
) -> Job:
    make_parts = partial(TimedParts, part=watch.stopwatch.part)
    with watch.stopwatch.part("start"):
        job = build(preset, device, make_parts=make_parts, **how)
    return replace(job, steps=partial(_steps, watch.stopwatch, job.steps))


@contextmanager
def _steps(
    stopwatch: Stopwatch, steps: Callable[[LeadIn], AbstractContextManager[Step]], lead_in: LeadIn
) -> Iterator[Step]:
    """Time a film's steps as motion; dream and colour interrupt it."""
    with steps(lead_in) as step:

        def timed(frame: Frame) -> Frame:
            with stopwatch.part("motion"):
                return step(frame)

        yield timed


def _samples(watch: Watch, samples: Callable[..., Tensor], image: Image, *how: Any) -> Tensor:
    with watch.stopwatch.part("conversion"):
        return samples(image, *how)


class _TimedPendingFrames(PendingFrames):
    """Frames whose copying to the host is timed."""

    def __init__(self, watch: Watch, frames: Sequence[Planes] = ()) -> None:
        super().__init__(frames)
        self._watch = watch

    def send(self, samples: Tensor) -> None:
        with self._watch.stopwatch.part("copy") if samples.is_cuda else nullcontext():
            super().send(samples)


class _TimedSegments(TwinSegments):
    """Segments whose waiting for the encoder is timed."""

    def __init__(self, watch: Watch, folder: Any, encoding: Encoding, at_once: int) -> None:
        super().__init__(folder, encoding, at_once)
        self._watch = watch

    def make_room(self) -> None:
        with self._watch.stopwatch.part("waiting"):
            super().make_room()

    def wait(self) -> None:
        with self._watch.stopwatch.part("waiting"):
            super().wait()

    def __exit__(self, *exception: Any) -> None:
        with self._watch.stopwatch.part("waiting"):
            super().__exit__(*exception)

    def _encode(self, number: int, frames: Sequence[Planes], backwards: bool) -> tuple[str, str]:
        begin = perf_counter()
        encoded = super()._encode(number, frames, backwards)
        self._watch.encodings.append(perf_counter() - begin)
        return encoded


def _write_films(watch: Watch, write_films: Callable[..., Iterator[Any]], *what: Any) -> list[Any]:
    with watch.stopwatch.part("films"):
        return list(write_films(*what))
