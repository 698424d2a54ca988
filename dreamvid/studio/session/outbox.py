"""Outbox: orders that wait for the worker, sent from a thread."""

import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection

from dreamvid.studio.session.messages import Film, Order, SeekTo


class Outbox:
    """Sender that never blocks whoever puts an order.

    A worker looks at its pipe between two dreams. Of films, and of frames to seek, that wait in
    the meantime only the newest is sent.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._orders = pipe, deque[Order]()
        self._change, self._closed = threading.Condition(), False
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, order: Order) -> None:
        """Send an order after those that wait."""
        with self._change:
            last = self._orders[-1] if self._orders else None
            if isinstance(order, Film) and isinstance(last, Film) and order.at == last.at:
                self._orders[-1] = replace(order, restart=order.restart or last.restart)
            elif order == last or (isinstance(order, SeekTo) and isinstance(last, SeekTo)):
                self._orders[-1] = order
            else:
                self._orders.append(order)
            self._change.notify()

    def close(self) -> None:
        """End the thread; orders that wait are dropped."""
        with self._change:
            self._closed = True
            self._change.notify()

    def _run(self) -> None:
        with suppress(OSError):  # the process has ended
            while (order := self._next()) is not None:
                self._pipe.send(order)

    def _next(self) -> Order | None:
        with self._change:
            while not self._orders and not self._closed:
                self._change.wait()
            return None if self._closed else self._orders.popleft()
