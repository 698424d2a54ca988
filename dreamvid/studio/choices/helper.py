"""Helper: the process that lists and draws, seen from the server; there while it is needed."""

import asyncio
import multiprocessing
import signal
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError
from dreamvid.studio.choices.requests import Ask, Cell, Draw, Drawn, Listed, Stop, What

Report = Listed | Drawn | None

MOST = 400  # pictures that wait
KEPT = 64  # lists


def _main(pipe: Connection, device: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    from dreamvid.studio.choices.process import main  # which imports torch

    main(pipe, device)


def start_process(pipe: Connection, device: str) -> None:
    """Start a process at the other end of a pipe."""
    context = multiprocessing.get_context("spawn")
    context.Process(target=_main, args=(pipe, device), daemon=True).start()
    pipe.close()


class Ended(DreamvidError):
    """The process has ended before it answered."""


class Helper:
    """Lists and pictures of what models dream. Everything runs in the event loop's thread.

    Args:
        folder: of the pictures.
    """

    def __init__(self, device: str, folder: Path, *, start: Any = start_process) -> None:
        self._device, self.folder, self._start = device, folder, start
        self._pipe: Connection | None = None
        self._numbers = count()
        self._lists: OrderedDict[tuple[What, str, str], Any] = OrderedDict()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self.waiting: dict[str, None] = {}  # names of pictures
        self.troubles: dict[str, str] = {}

    async def list(self, what: What, model: str, text: str = "") -> Any:
        """Have a list made, see `lists.LISTS`; raises DreamvidError.

        Directions are listed newly each time: the user may have made one meanwhile.
        """
        key = (what, model, text)
        if key not in self._lists or what == "directions":
            try:
                self._lists[key] = await self._ask(*key)
            except Ended:  # also where it was just about to, having had nothing to do
                self._lists[key] = await self._ask(*key)
            while len(self._lists) > KEPT:
                self._lists.popitem(last=False)
        return self._lists[key]

    def draw(self, cells: Sequence[Cell]) -> None:
        """Have pictures drawn that are not there yet, before all that wait."""
        wanted = {cell.picture: cell for cell in cells if cell.picture not in self.waiting}
        wanted = {name: one for name, one in wanted.items() if not self.drawn(name)}
        room = MOST - len(self.waiting)
        chosen = dict(list(wanted.items())[:room])
        self.waiting |= dict.fromkeys(chosen)
        for name in chosen:
            self.troubles.pop(name, None)
        if chosen:
            self._send(Draw(tuple(chosen.values()), self.folder))

    def drawn(self, picture: str) -> bool:
        """Test for a picture that is there."""
        return (self.folder / picture).is_file()

    def stop(self) -> None:
        """Draw none of those that wait."""
        self.waiting = {}
        if self._pipe:
            self._send(Stop())

    def close(self) -> None:
        """End the process."""
        if self._pipe:
            self._send(None)  # closing this end alone does not wake its reader, which holds it
            self._pipe = None

    async def _ask(self, what: What, model: str, text: str) -> Any:
        number, future = next(self._numbers), asyncio.get_running_loop().create_future()
        self._asked[number] = future
        self._send(Ask(number, what, model, text))
        return await future

    def _send(self, request: Ask | Draw | Stop | None) -> None:
        pipe = self._pipe or self._begin()
        with suppress(OSError):  # it has ended: its reader says so
            pipe.send(request)

    def _begin(self) -> Connection:
        self._pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        self._start(theirs, self._device)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(self._pipe, loop), daemon=True).start()
        return self._pipe

    def _read(self, pipe: Connection, loop: asyncio.AbstractEventLoop) -> None:
        report: Report = None
        while True:
            try:
                report = pipe.recv()
            except (EOFError, OSError):
                report = None
            try:
                loop.call_soon_threadsafe(self._take, pipe, report)
            except RuntimeError:  # the loop is closed
                return
            if report is None:
                return

    def _take(self, pipe: Connection, report: Report) -> None:
        match report:
            case Listed():
                future = self._asked.pop(report.number, None)
                if future and not future.done():
                    self._answer(future, report)
            case Drawn():
                self.waiting.pop(report.picture, None)
                if report.trouble:
                    self.troubles[report.picture] = report.trouble
            case None if pipe is self._pipe:
                self._end()

    def _answer(self, future: "asyncio.Future[Any]", report: Listed) -> None:
        if report.trouble is None:
            future.set_result(report.answer)
        else:
            future.set_exception(DreamvidError(report.trouble))

    def _end(self) -> None:
        """Take leave of a process that has ended."""
        self._pipe = None
        asked, self._asked = self._asked, {}
        self.troubles |= dict.fromkeys(self.waiting, "the process that draws has ended")
        self.waiting = {}
        for future in asked.values():
            if not future.done():
                future.set_exception(Ended("the process that lists what a model dreams has ended"))
