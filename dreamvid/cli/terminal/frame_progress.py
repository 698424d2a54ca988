"""Progress of a film's frames: a bar, with or without the newest frame, or lines in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dreamvid.cli.terminal.console import Throttle, before_print, frame_bar, note
from dreamvid.cli.terminal.units import duration, file_size, pace

if TYPE_CHECKING:
    from dreamvid.cli.terminal.picture_progress import Bar
    from dreamvid.monitor.terminal import Kind
    from dreamvid.render.render import Progress

BAR_COLUMNS = 72  # terminal width from which on the bar and its columns fit


@contextmanager
def frame_progress(
    picture: "Kind | None" = None, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Callable[["Progress"], None]]:
    """Yield a function to call with each frame's progress.

    Args:
        picture: how to show the newest frame on a terminal; None: not at all.
        stopped: tells if a stop was requested, and announced on the terminal.
    """
    if not sys.stderr.isatty():
        yield _PlainProgress().show
    elif picture is None:
        with frame_bar() as bar:
            yield _BarProgress(bar).show
    else:
        from dreamvid.cli.terminal.picture_progress import PictureProgress

        drawn = PictureProgress(picture, _bar_line(), stopped)
        with before_print(drawn.clear):
            yield drawn.show


def _bar_line() -> "Bar":
    """Make a function that renders the bar as one line of text."""
    bar, speed = frame_bar(), _Speed()
    progress = _BarProgress(bar)

    def line(now: "Progress", columns: int) -> str:
        progress.show(now)
        text = _line(now, speed(now.done))
        if columns < BAR_COLUMNS:
            return text[:columns]
        bar.console.width = columns
        with bar.console.capture() as captured:
            bar.console.print(bar.get_renderable(), no_wrap=True, overflow="crop", end="")
        return captured.get().partition("\n")[0]

    return line


class _Speed:
    """Frames a second of this run, without the first frame, which loads and warms up."""

    def __init__(self) -> None:
        self.first: tuple[int, float] | None = None

    def __call__(self, index: int) -> float | None:
        now = time.monotonic()
        if self.first is None:
            self.first = index, now
            return None
        frames, seconds = index - self.first[0], now - self.first[1]
        return frames / seconds if seconds > 0 else None


class _BarProgress:
    def __init__(self, bar: Any) -> None:
        self.bar, self.task, self.speed = bar, None, _Speed()

    def show(self, progress: "Progress") -> None:
        if self.task is None:
            self.task = self.bar.add_task(
                "", total=progress.count, completed=progress.first, speed="", size=""
            )
        self.bar.update(
            self.task,
            completed=progress.done,
            speed=pace(self.speed(progress.done)),
            size=file_size(progress.bytes_written),
        )


class _PlainProgress:
    def __init__(self) -> None:
        self.throttle, self.speed = Throttle(), _Speed()

    def show(self, progress: "Progress") -> None:
        speed = self.speed(progress.done)
        if self.throttle.due(final=progress.done >= progress.count):
            note(f"frame {_line(progress, speed)}")


def _line(progress: "Progress", speed: float | None) -> str:
    """Format progress; `speed` is in frames a second, if known."""
    done, size = progress.done, file_size(progress.bytes_written)
    left = f", {duration((progress.count - done) / speed)} left" if speed else ""
    return f"{done}/{progress.count}  {pace(speed)}{left}  {size}"
