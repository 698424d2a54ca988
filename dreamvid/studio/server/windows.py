"""Windows: the pages that are open, and what each has still to be sent.

A window is never owed more than the newest of each: one state, one status, one picture, some
lines. So one that is slow, asleep or gone costs nothing, however long it stays so.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel

from dreamvid.errors import DreamvidError, PresetError
from dreamvid.studio.protocol import Notice, Refused
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


class Windows:
    """All windows, and the newest of what they show.

    Args:
        makers: make the newest message of each of KINDS; it is made once for all windows, and only
            when one is sent it.
    """

    def __init__(self, **makers: Callable[[], BaseModel]) -> None:
        self.open = set[Window]()
        self.picture: Picture | None = None
        self._makers, self._texts = makers, dict[str, str]()

    def touch(self, kind: str) -> None:
        """Owe every window the newest message of a kind."""
        self._texts.pop(kind, None)
        for window in self.open:
            window.touch(kind)

    def tell(self, message: Refused | Notice) -> None:
        """Owe every window a line."""
        text = message.model_dump_json()
        for window in self.open:
            window.tell(text)

    def show(self, picture: Picture) -> None:
        """Show a picture in every window that is ready for one."""
        self.picture = picture
        for window in self.open:
            if window.wants(picture):
                window.wake.set()

    def text(self, kind: str) -> str:
        """Write the newest message of a kind."""
        if kind not in self._texts:
            self._texts[kind] = self._makers[kind]().model_dump_json()
        return self._texts[kind]


class Rate:
    """Limit of messages a second: the time that one must wait."""

    def __init__(self, a_second: float, burst: int) -> None:
        self._seconds, self._slack = 1 / a_second, burst / a_second
        self._due = 0.0  # when all messages so far would have come, at that rate

    def wait(self, now: float) -> float:
        """Count a message; returns the seconds to wait before the next."""
        self._due = max(self._due, now) + self._seconds
        return max(0.0, self._due - self._slack - now)
