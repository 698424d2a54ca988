"""Output for people, the only module that imports rich.

A terminal gets bars and tables, a pipe plain lines.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from dreamvid.cli.terminal.units import duration, file_size

_Item = TypeVar("_Item")

LINE_SECONDS = 5.0  # between two plain lines of progress


def open_streams() -> None:
    """Make stdout and stderr printable, also if they are closed or cannot encode everything."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for the whole process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal of ASCII shows u\xfc


def say(text: str) -> None:
    """Print to stdout, without control characters, which could steer a terminal."""
    _put("stdout", text)


def say_json(value: Any) -> None:
    say(json.dumps(value, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """Print progress or a problem to stderr, in one line."""
    _put("stderr", " ".join(text.split()))


def show_warnings() -> None:
    """Print the package's warnings to stderr, each text once."""
    logging.getLogger("dreamvid").handlers[:] = [_WarningHandler()]


class _WarningHandler(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self.shown:
            self.shown.add(text)
            note(f"note: {text}")


def complain(text: str) -> None:
    """Print an error to stderr."""
    note(f"dreamvid: {text}")


_before_print: list[Callable[[], None]] = []


@contextmanager
def before_print(clear: Callable[[], None]) -> Iterator[None]:
    """Call `clear` before anything is printed, while inside."""
    _before_print.append(clear)
    try:
        yield
    finally:
        _before_print.remove(clear)


def _put(name: str, text: str) -> None:
    for clear in _before_print:
        clear()
    printable = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
    try:
        print(printable, file=getattr(sys, name), flush=True)
    except OSError as error:
        # The reader, such as `head`, has seen enough, or a log's disk is full: go on in silence.
        # Only results that stdout cannot take are worth failing for.
        if name == "stdout" and not isinstance(error, BrokenPipeError):
            raise
        setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for the whole process


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on a terminal; in a pipe, rows as lines of cells separated by tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(str(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(str(cell)) for cell in row))
    Console().print(grid)


def _bar(*columns: Any) -> Any:
    """Make rich's progress bar on stderr."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(*columns, console=Console(stderr=True))


def frame_bar() -> Any:
    """Make rich's bar of frames on stderr; its tasks have the fields `speed` and `size`."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    speed, size = (
        TextColumn("frames  {task.fields[speed]}  left"),
        TextColumn("{task.fields[size]}"),
    )
    return _bar(BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn(), size)


class Throttle:
    """Limits plain lines of progress to one every `LINE_SECONDS`."""

    def __init__(self, since: float = 0.0) -> None:
        self._last = since

    def due(self, *, final: bool) -> bool:
        """Tell if a line is due, and count it as written; the final one always is."""
        now = time.monotonic()
        if final or now - self._last > LINE_SECONDS:
            self._last = now
            return True
        return False


@contextmanager
def byte_progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Yield a function to call with the bytes received and their total, if known."""
    if not sys.stderr.isatty():
        throttle = Throttle()

        def show(done: int, total: int | None) -> None:
            if throttle.due(final=done == total):
                of = f" of {file_size(total)}" if total else ""
                note(f"{what}: {file_size(done)}{of}")

        yield show
        return
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn

    name = TextColumn("{task.description}")
    with _bar(name, BarColumn(), DownloadColumn(), TransferSpeedColumn()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def counted(what: str, items: Iterable[_Item], count: int) -> Iterator[_Item]:
    """Pass on `count` items as they come, with progress on stderr."""
    if not sys.stderr.isatty():
        throttle = Throttle()
        for number, item in enumerate(items, 1):
            if throttle.due(final=number == count):
                note(f"{what} {number}/{count}")
            yield item
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total=count, console=Console(stderr=True))


@contextmanager
def share_progress(what: str) -> Iterator[Callable[[float], None]]:
    """Yield a function to call with the share done, 0 to 1."""
    if not sys.stderr.isatty():
        begun = time.monotonic()
        throttle = Throttle(begun)

        def show(share: float) -> None:
            if share and throttle.due(final=False):
                left = (time.monotonic() - begun) * (1 - share) / share
                note(f"{what}: {share:.0%}, {duration(left)} left")

        yield show
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    with _bar(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(what, total=1.0, visible=False)
        yield lambda share: bar.update(task, completed=share, visible=True)
