"""Hub: joins desk, session and windows. All of it runs in the event loop's thread."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from anyio.to_thread import run_sync

from dreamvid.errors import DreamvidError
from dreamvid.studio import protocol
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.queue.aside import Aside
from dreamvid.studio.queue.estimate import Estimates
from dreamvid.studio.queue.renders import Renders
from dreamvid.studio.server.folder import Folder
from dreamvid.studio.server.pictures import Pictures
from dreamvid.studio.server.views import state_of, status_of
from dreamvid.studio.server.windows import Window
from dreamvid.studio.session import messages

TASKS = 8  # that go on beside, of all windows
VARIANTS = 4  # whose pictures are kept: undo brings an earlier one back


class AnySession(Protocol):
    """Worker that dreams: `session.session.Session`, or a test's own."""

    def order(self, order: messages.Order) -> None: ...

    def close(self) -> None: ...


OnReport = Callable[[messages.Report | None], None]


class Hub:
    """Desk, session, queue and windows.

    Args:
        start: starts a session, which calls its argument with every report, from any thread.
        device: to render on.
    """

    def __init__(
        self, folder: Folder, start: Callable[[OnReport], AnySession], device: str = "auto"
    ) -> None:
        self.folder, self.desk = folder, Desk(folder.path)
        self.windows = set[Window]()
        self.picture: messages.Picture | None = None
        self.seen = Pictures()
        self.kept = dict[int, Pictures]()  # of variants, by the revision at which they were pinned
        self.built: messages.Built | None = None
        self.position = messages.Position(False, -1, -1, -1)
        self.condition = messages.Condition("starting")
        self._texts: dict[str, str] = {}
        self._building = False  # a Film was sent that the worker has not answered
        self._later: messages.Film | None = None  # to be sent then
        self._tasks = set[asyncio.Task[None]]()
        loop = asyncio.get_running_loop()

        def soon(act: Callable[..., None], *given: Any) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(act, *given)

        self.aside = Aside()
        self.estimates = Estimates(device, self.aside)
        self.renders = Renders(
            folder.films, device, lambda: soon(self.touch, "renders"), self.aside
        )
        self.session = start(lambda report: soon(self._take, report))
        self._opened = -1  # number of the preset that is dreamed
        self.dream()

    def close(self) -> None:
        """End the processes; a render stops at its next frame, and is kept."""
        for task in self._tasks:
            task.cancel()
        self.session.close()
        self.estimates.cancel()
        self.renders.close()
        self.aside.close()

    def enter(self, window: Window) -> None:
        self.windows.add(window)

    def leave(self, window: Window) -> None:
        self.windows.discard(window)

    def touch(self, kind: str) -> None:
        """Owe every window the newest message of a kind."""
        self._texts.pop(kind, None)
        for window in self.windows:
            window.touch(kind)

    def tell(self, message: protocol.Refused | protocol.Notice) -> None:
        """Tell every window something."""
        text = message.model_dump_json()
        for window in self.windows:
            window.tell(text)

    def text(self, kind: str) -> str:
        """Write the newest message of a kind, once for all windows."""
        if kind not in self._texts:
            self._texts[kind] = self._message(kind).model_dump_json()
        return self._texts[kind]

    @property
    def next(self) -> int:
        """Number of the first frame that a change can still reach."""
        return self.position.next

    def later(
        self,
        window: Window,
        act: Callable[[], Any],
        then: Callable[[Any], str | None] = lambda result: None,
    ) -> None:
        """Do something that takes a while in a thread, then say what `then` makes of its result.

        Raises DreamvidError where too much is being done already.
        """
        if len(self._tasks) >= TASKS:
            raise DreamvidError("the studio is still at work on what was asked before")
        task = asyncio.create_task(self._do_later(window, act, then))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do_later(
        self, window: Window, act: Callable[[], Any], then: Callable[[Any], str | None]
    ) -> None:
        try:
            note = then(await run_sync(act))
        except DreamvidError as error:
            window.refuse(error)
        else:
            if note:
                window.tell(protocol.Notice(message=note).model_dump_json())

    def load(self, settings: dict[str, Any], name: str, *, trusted: bool) -> str | None:
        """Open the preset of a film, as `queue.checks.read_settings` gives it; returns a note."""
        self.desk.load(settings["title"] or name, settings["table"], trusted=trusted)
        self.dream()
        missing = settings["missing"]
        return f"not found: {', '.join(missing)}; choose them again" if missing else None

    def dream(self) -> None:
        """Have the desk's preset dreamed; while the worker builds one, only the newest waits."""
        restart = self._opened != self.desk.opened or bool(self._later and self._later.restart)
        self._opened = self.desk.opened
        at = self.next if self.desk.recording else None
        film = messages.Film(self.desk.table, self.desk.revision, None, restart=restart, at=at)
        if self._building:
            self._later = film
        else:
            self._building = True
            self.session.order(film)
        self.touch("state")

    def keep(self) -> None:
        """Keep the pictures seen as those of the variant that was just pinned."""
        if pinned := self.desk.pinned:
            self.kept[pinned.revision] = self.seen.copy()
            for revision in list(self.kept)[:-VARIANTS]:
                del self.kept[revision]

    @property
    def variant(self) -> Pictures | None:
        """Pictures of variant A; None: there is no variant."""
        pinned = self.desk.pinned
        return pinned and self.kept.get(pinned.revision, Pictures())

    def show(self, picture: messages.Picture) -> None:
        """Show a picture in every window that is ready for one."""
        self.picture = picture
        for window in self.windows:
            if window.wants(picture):
                window.wake.set()

    def _message(self, kind: str) -> protocol.State | protocol.Status | protocol.Renders:
        if kind == "state":
            return state_of(self.desk, self.built, self.variant)
        if kind == "status":
            return status_of(self.position, self.condition)
        return self.renders.message()

    def _take(self, report: messages.Report | None) -> None:
        match report:
            case messages.Picture():
                if report.kind == protocol.FRAME:
                    self.seen.add(report.frame, report.jpeg)
                    if self.desk.shown(report.frame, report.revision):
                        self.dream()
                self.show(report)
            case messages.Position():
                self.position = report
                self.touch("status")
            case messages.Condition():
                self.condition = report
                self.touch("status")
            case messages.Trouble():
                self.tell(protocol.Refused(key=None, message=report.message))
            case messages.Built():
                self.built = report
                self.desk.built(report.revision, report.frames, report.fps, report.settings)
                self._answered()
            case messages.NotBuilt():
                self.tell(protocol.Refused(key=report.option, message=report.message))
                if self.desk.revert(report.revision):
                    self.dream()
                self._answered()

    def _answered(self) -> None:
        """Send the film that has waited for the worker's answer."""
        self._building, film, self._later = False, self._later, None
        if film:
            self._building = True
            self.session.order(film)
        self.touch("state")
