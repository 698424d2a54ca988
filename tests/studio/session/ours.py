"""The other end of a worker's pipe."""

import threading
import time
from multiprocessing import Pipe

from dreamvid.studio.protocol import FRAME
from dreamvid.studio.session.messages import Picture
from dreamvid.studio.session.worker import Worker


class Ours:
    """Other end of a worker's pipe."""

    def __init__(self):
        self.pipe, theirs = Pipe()
        self.worker = Worker(theirs, "cpu")
        self.thread = threading.Thread(target=self.worker.run, daemon=True)
        self.thread.start()
        self.reports = []

    def order(self, *orders):
        for order in orders:
            self.pipe.send(order)

    def until(self, kind, test=lambda report: True, seconds=60):
        """Read reports up to one of a kind."""
        end = time.monotonic() + seconds
        while self.pipe.poll(max(0, end - time.monotonic())):
            self.reports.append(self.pipe.recv())
            if isinstance(self.reports[-1], kind) and test(self.reports[-1]):
                return self.reports[-1]
        raise TimeoutError(f"{kind.__name__}; the last were {self.reports[-5:]}")

    def pictures(self, kind=FRAME):
        found = [one for one in self.reports if isinstance(one, Picture)]
        return [one for one in found if one.kind == kind]
