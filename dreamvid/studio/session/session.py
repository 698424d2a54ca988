"""Session: the worker process, seen from the server, and started again when it dies."""

import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from dreamvid.studio.session.messages import (
    Built,
    Condition,
    Film,
    GiveWay,
    Go,
    NotBuilt,
    Order,
    Picture,
    Position,
    Report,
    Trouble,
)
from dreamvid.studio.session.outbox import Outbox

TRIES = 3  # starts within WINDOW seconds, after which the user is waited for
WINDOW = 60.0


def _main(pipe: Connection, device: str) -> None:
    from dreamvid.studio.session.process import main  # which imports torch

    main(pipe, device)


class Session:
    """A worker process, with a thread that reads its reports and one that sends its orders.

    `on_report` is called from a thread. A process that dies is started again with the last film
    that was built, from its start picture, TRIES times a minute; then the next order starts it.
    """

    def __init__(self, device: str, on_report: Callable[[Report], None]) -> None:
        self._device, self._on_report = device, on_report
        self._lock = threading.RLock()
        self._closed = self._stopped = self._playing = False
        self._giving_way = GiveWay(False)
        self._newest: Film | None = None
        self._built: Film | None = None
        self._deaths: deque[float] = deque(maxlen=TRIES)
        self._last_words = ""
        self._start()

    def order(self, order: Order) -> None:
        """Send an order, without waiting; a process that was given up is started for it."""
        with self._lock:
            if isinstance(order, Film):
                self._newest = order
            elif isinstance(order, GiveWay):
                self._giving_way = order
            if self._stopped and not self._closed and not isinstance(order, GiveWay):
                self._stopped = False
                self._deaths.clear()
                self._on_report(Condition("starting"))
                self._start()
                self._playing = False
                self._go_on()
            self._outbox.put(order)

    @property
    def pid(self) -> int | None:
        """Number of the process."""
        return self._process.pid

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._closed = True
            self._outbox.close()
        self._process.terminate()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe()
        process = context.Process(target=_main, args=(theirs, self._device), daemon=True)
        process.start()
        theirs.close()
        self._process: BaseProcess = process
        self._outbox, self._last_words = Outbox(pipe), ""
        threading.Thread(target=self._read, args=(pipe, process), daemon=True).start()

    def _read(self, pipe: Connection, process: BaseProcess) -> None:
        with suppress(EOFError, OSError):
            while True:
                report: Report = pipe.recv()
                self._note(report)
                self._on_report(report)
        process.join(5)
        pipe.close()
        self._died(process)

    def _note(self, report: Report) -> None:
        with self._lock:
            match report:
                case Position():
                    self._playing = report.playing
                case Trouble():
                    self._last_words = report.message
                case Picture():
                    self._last_words = ""
                case Built():
                    if self._newest and self._newest.revision == report.revision:
                        self._built = self._newest

    def _died(self, process: BaseProcess) -> None:
        """Start the process again, unless that was tried too often."""
        with self._lock:
            if self._closed or process is not self._process:
                return
            self._outbox.close()
            said = self._last_words if process.exitcode == 1 else ""
            reason = said or _reason(process.exitcode)
            now = time.monotonic()
            often = len(self._deaths) == TRIES and now - self._deaths[0] < WINDOW
            self._deaths.append(now)
            if self._newest is not self._built and self._newest:
                self._on_report(NotBuilt(self._newest.revision, None, reason))
            self._stopped = often
            self._on_report(Condition("stopped" if often else "starting", reason))
            if not often:
                self._start()
                self._go_on()

    def _go_on(self) -> None:
        """Give a new process the last film that was built."""
        self._outbox.put(self._giving_way)
        if film := self._built or self._newest:
            self._outbox.put(replace(film, restart=True, at=None))
        if self._playing:
            self._outbox.put(Go("play"))


def _reason(code: int | None) -> str:
    """Say why a process ended that did not say so itself."""
    if code == -9:
        return "the dream's process was killed, perhaps because memory ran out"
    return f"the dream's process ended unexpectedly (exit code {code})"
