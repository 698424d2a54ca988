"""What a person sees: the only module that imports rich.

On a terminal there are bars and tables; in a pipe there are plain lines.
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
    """Make stdout and stderr fit to print on, also where somebody closed them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for the whole process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal of ASCII shows u\xfc


def say(text: str) -> None:
    """To stdout; control characters, which steer a terminal, are dropped."""
    _put("stdout", text)


def say_json(value: Any) -> None:
    say(json.dumps(value, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """One line to stderr: progress, and what went wrong."""
    _put("stderr", " ".join(text.split()))


def show_warnings() -> None:
    """Let what the package warns of reach stderr, each text once."""
    logging.getLogger("dreamvid").handlers[:] = [_Notes()]


class _Notes(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self.said:
            self.said.add(text)
            note(f"note: {text}")


def complain(text: str) -> None:
    note(f"dreamvid: {text}")


_make_room: list[Callable[[], None]] = []  # called before anything is printed


@contextmanager
def making_room(clear: Callable[[], None]) -> Iterator[None]:
    """While inside, call `clear` before anything is printed."""
    _make_room.append(clear)
    try:
        yield
    finally:
        _make_room.remove(clear)


def _put(name: str, text: str) -> None:
    for clear in _make_room:
        clear()
    shown = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
    try:
        print(shown, file=getattr(sys, name), flush=True)
    except OSError as error:
        # The reader, such as `head`, has seen enough, or a log's disk is full: work on in
        # silence. Only an answer that stdout cannot take is worth failing for.
        if name == "stdout" and not isinstance(error, BrokenPipeError):
            raise
        setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for the whole process


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns on a terminal; in a pipe one row a line, its cells parted by tabs."""
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


def frame_bar() -> Any:
    """rich's bar of frames, on stderr; its tasks have the fields `speed` and `size`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames  {task.fields[speed]}  left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[size]}"),
    )
    return Bar(*columns, console=Console(stderr=True))


@contextmanager
def byte_progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A function to be called with the bytes had so far, and all there are, if known."""
    if not sys.stderr.isatty():
        said = [0.0]

        def show(done: int, total: int | None) -> None:
            if time.monotonic() - said[0] > LINE_SECONDS or done == total:
                said[0] = time.monotonic()
                of = f" of {file_size(total)}" if total else ""
                note(f"{what}: {file_size(done)}{of}")

        yield show
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Bar(*columns, TransferSpeedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def counted(what: str, items: Iterable[_Item], count: int) -> Iterator[_Item]:
    """The items, of which there are `count`, as they are made, with progress on stderr."""
    if not sys.stderr.isatty():
        said = 0.0
        for number, item in enumerate(items, 1):
            if time.monotonic() - said > LINE_SECONDS or number == count:
                said = time.monotonic()
                note(f"{what} {number}/{count}")
            yield item
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total=count, console=Console(stderr=True))


@contextmanager
def share_progress(what: str) -> Iterator[Callable[[float], None]]:
    """A function to be called with the share that is done, 0 to 1."""
    begun = time.monotonic()
    if not sys.stderr.isatty():
        said = begun

        def show(share: float) -> None:
            nonlocal said
            now = time.monotonic()
            if share and now - said > LINE_SECONDS:
                said, left = now, (now - begun) * (1 - share) / share
                note(f"{what}: {share:.0%}, {duration(left)} left")

        yield show
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=1.0, visible=False)
        yield lambda share: bar.update(task, completed=share, visible=True)
