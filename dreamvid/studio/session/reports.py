"""Reports: pictures and positions, sent to the server from two threads."""

import threading
from dataclasses import replace
from multiprocessing.connection import Connection

from dreamvid.studio.protocol import BETWEEN
from dreamvid.studio.session.messages import Picture, Position, Report


class Reports:
    """Sender of a worker's reports, which knows its position. Its methods raise OSError."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock = pipe, threading.RLock()
        self._position = Position(False, -1, -1, -1)

    def send(self, report: Report) -> None:
        with self._lock:
            self._pipe.send(report)

    def picture(self, picture: Picture, rate: float) -> None:
        """Send a picture, of so many a second, and the position with it."""
        with self._lock:
            self.send(picture)
            if picture.kind != BETWEEN:
                self._position = replace(self._position, frame=picture.frame, shown=rate)
                self.send(self._position)

    def position(self, position: Position) -> None:
        """Send a position; its frame is the one that was shown last."""
        with self._lock:
            self._position = replace(position, frame=self._position.frame)
            self.send(self._position)
