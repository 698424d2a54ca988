"""Session: the worker process, seen from the server."""

import contextlib
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from dreamvid.studio.session.messages import Order, Report


def _main(pipe: Connection, device: str) -> None:
    from dreamvid.studio.session.worker import main  # which imports torch

    main(pipe, device)


class Session:
    """A worker process and a thread that reads its reports.

    `on_report` is called from that thread; None: the process has ended.
    """

    def __init__(self, device: str, on_report: Callable[[Report | None], None]) -> None:
        self._device, self._on_report = device, on_report
        self._start()

    def order(self, order: Order) -> None:
        """Send an order; nothing happens where the process has ended."""
        with contextlib.suppress(OSError):
            self._pipe.send(order)

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs, self._device), daemon=True)
        self._process.start()
        theirs.close()
        threading.Thread(target=self._read, args=(self._pipe,), daemon=True).start()

    def _read(self, pipe: Connection) -> None:
        try:
            while True:
                self._on_report(pipe.recv())
        except (EOFError, OSError):
            self._on_report(None)
