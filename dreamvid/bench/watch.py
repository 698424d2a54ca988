"""What a render spends its time on, told by its own parts, wrapped while it runs.

The parts share out the time of the thread that dreams; the encoder works beside it, in a thread
of its own. `render` knows nothing of this.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from types import ModuleType, TracebackType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from dreamvid import render
from dreamvid.bench.clock import Stopwatch
from dreamvid.dream.ascent import Ascent
from dreamvid.dream.colour import Palette
from dreamvid.dream.grid import Mask
from dreamvid.engine import Frame, Step
from dreamvid.film.loops import Leads
from dreamvid.film.parts import Parts
from dreamvid.image import Image
from dreamvid.job import Job
from dreamvid.options import Preset
from dreamvid.schedule.moment import Moment
from dreamvid.video.colour import Planes
from dreamvid.video.segments import TwinSegments
from dreamvid.video.writer import Encoding


class Watch:
    def __init__(self, device: torch.device) -> None:
        self.stopwatch = Stopwatch(device)
        self.encoding = 0.0  # seconds of the encoder's thread


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """While this lasts, `render` tells what it does."""
    seams = {
        "build": partial(_build, watch, render.build),
        "to_planes": partial(_to_planes, watch, render.to_planes),
        "TwinSegments": partial(_WatchedSegments, watch),
        "write_films": partial(_write_films, watch, render.write_films),
    }
    with _replaced(render, seams):
        yield


@contextmanager
def _replaced(module: ModuleType, others: dict[str, Any]) -> Iterator[None]:
    kept = {name: getattr(module, name) for name in others}
    try:
        vars(module).update(others)
        yield
    finally:
        vars(module).update(kept)


def _build(
    watch: Watch, build: Callable[..., Job], preset: Preset, device: torch.device, **how: Any
) -> Job:
    make_parts = partial(_WatchedParts, stopwatch=watch.stopwatch)
    with watch.stopwatch.part("start"):
        job = build(preset, device, make_parts=make_parts, **how)
    return replace(job, steps=partial(_steps, watch.stopwatch, job.steps))


@contextmanager
def _steps(
    stopwatch: Stopwatch, steps: Callable[[Leads], AbstractContextManager[Step]], leads: Leads
) -> Iterator[Step]:
    """All of a step that is no other part is motion."""
    with steps(leads) as step:

        def timed(frame: Frame) -> Frame:
            with stopwatch.part("motion"):
                return step(frame)

        yield timed


@dataclass(frozen=True, kw_only=True)
class _WatchedParts(Parts):
    stopwatch: Stopwatch

    def dreamed(
        self,
        image: Image,
        moment: Moment,
        ascent: Ascent | None = None,
        mask: Mask | None = None,
    ) -> Image:
        with self.stopwatch.part("dream"):
            return super().dreamed(image, moment, ascent, mask)

    def graded(self, image: Image, like: Palette, moment: Moment) -> Image:
        with self.stopwatch.part("colour"):
            return super().graded(image, like, moment)


def _to_planes(watch: Watch, to_planes: Callable[..., Planes], image: Image, *how: Any) -> Planes:
    with watch.stopwatch.part("conversion"), _Copies(watch.stopwatch):
        return to_planes(image, *how)


class _Copies(TorchDispatchMode):
    """Sees what is copied from a device to the host."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        super().__init__()
        self.stopwatch = stopwatch

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        to_host = func.overloadpacket is torch.ops.aten._to_copy and (
            kwargs.get("device") == torch.device("cpu") != args[0].device
        )
        if not to_host:
            return func(*args, **kwargs)
        with self.stopwatch.part("copy"):
            return func(*args, **kwargs)


class _WatchedSegments(TwinSegments):
    """Whatever keeps the thread that dreams until the encoder is done is waiting."""

    def __init__(self, watch: Watch, folder: Any, encoding: Encoding) -> None:
        super().__init__(folder, encoding)
        self._watch = watch

    def wait(self) -> None:
        with self._watch.stopwatch.part("waiting"):
            super().wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._watch.stopwatch.part("waiting"):
            super().__exit__(kind, error, trace)

    def _encode(self, number: int, frames: list[Planes], then: Callable[[], None]) -> None:
        begin = perf_counter()
        super()._encode(number, frames, then)
        self._watch.encoding += perf_counter() - begin


def _write_films(watch: Watch, write_films: Callable[..., Iterator[Any]], *what: Any) -> list[Any]:
    with watch.stopwatch.part("films"):
        return list(write_films(*what))
