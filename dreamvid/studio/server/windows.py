"""Windows: the pages that are open, and what each has still to be sent.

A window is never owed more than the newest of each: one state, one status, one picture, some
lines. So one that is slow, asleep or gone costs nothing, however long it stays so.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from dreamvid.errors import DreamvidError, PresetError
from dreamvid.studio.protocol import Refused
from dreamvid.studio.session.messages import Picture

LINES = 16  # refusals and notices that wait for a window; older ones are dropped
KINDS = ("state", "status", "renders")  # messages of which only the newest is worth sending


@dataclass(eq=False)
class Window:
    """One page that is open."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stale: set[str] = field(default_factory=lambda: set(KINDS))  # what it has an old version of
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))
    ready: bool = False  # for a picture
    had: Picture | None = None

    def touch(self, kind: str) -> None:
        """Owe the window the newest message of a kind."""
        self.stale.add(kind)
        self.wake.set()

    def tell(self, line: str) -> None:
        """Owe the window a message that it alone gets."""
        self.lines.append(line)
        self.wake.set()

    def refuse(self, error: DreamvidError) -> None:
        """Tell the window why what it asked for is not done."""
        key = error.option if isinstance(error, PresetError) else None
        self.tell(Refused(key=key, message=str(error)).model_dump_json())

    def wants(self, picture: Picture | None) -> bool:
        return self.ready and picture is not None and self.had is not picture


class Rate:
    """Limit of messages a second: the time that one must wait."""

    def __init__(self, a_second: float, burst: int) -> None:
        self._seconds, self._slack = 1 / a_second, burst / a_second
        self._due = 0.0  # when all messages so far would have come, at that rate

    def wait(self, now: float) -> float:
        """Count a message; returns the seconds to wait before the next."""
        self._due = max(self._due, now) + self._seconds
        return max(0.0, self._due - self._slack - now)
