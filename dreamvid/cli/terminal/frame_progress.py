"""Progress of a film's frames: a bar, with or without a picture, or lines in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dreamvid.cli.terminal.console import LINE_SECONDS, frame_bar, making_room, note
from dreamvid.cli.terminal.units import duration, file_size, pace

if TYPE_CHECKING:
    from dreamvid.cli.terminal.picture_progress import Bar
    from dreamvid.monitor.terminal import Kind
    from dreamvid.render.render import Progress

BAR_COLUMNS = 72  # of a terminal that has room for a bar and all that stands beside it


@contextmanager
def frame_progress(
    picture: "Kind | None" = None, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Callable[["Progress"], None]]:
    """A function to be called with each frame's progress.

    Args:
        picture: how a terminal is to be shown the newest frame beside it, if at all.
        stopped: whether an end was asked for, which was said on the terminal.
    """
    if not sys.stderr.isatty():
        yield _PlainProgress().show
    elif picture is None:
        with frame_bar() as bar:
            yield _BarProgress(bar).show
    else:
        from dreamvid.cli.terminal.picture_progress import PictureProgress

        drawn = PictureProgress(picture, _bar_line(), stopped)
        with making_room(drawn.clear):
            yield drawn.show


def _bar_line() -> "Bar":
    """The bar as one line of text, for those who draw it themselves."""
    bar, speed = frame_bar(), _Speed()
    progress = _BarProgress(bar)

    def line(now: "Progress", columns: int) -> str:
        progress.show(now)
        told = _told(now, speed(now.done))
        if columns < BAR_COLUMNS:
            return told[:columns]
        bar.console.width = columns
        with bar.console.capture() as kept:
            bar.console.print(bar.get_renderable(), no_wrap=True, overflow="crop", end="")
        return kept.get().partition("\n")[0]

    return line


class _Speed:
    """Frames a second of this run; the first frame, which loads and warms up, left out."""

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
        self.said, self.speed = 0.0, _Speed()

    def show(self, progress: "Progress") -> None:
        speed = self.speed(progress.done)
        if time.monotonic() - self.said < LINE_SECONDS and progress.done < progress.count:
            return
        self.said = time.monotonic()
        note(f"frame {_told(progress, speed)}")


def _told(progress: "Progress", speed: float | None) -> str:
    """Args: speed: frames a second, if it is known."""
    done, size = progress.done, file_size(progress.bytes_written)
    left = f", {duration((progress.count - done) / speed)} left" if speed else ""
    return f"{done}/{progress.count}  {pace(speed)}{left}  {size}"
