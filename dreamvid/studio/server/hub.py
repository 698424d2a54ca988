"""Hub: joins desk, session, queue and windows. All of it runs in the event loop's thread."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from anyio.to_thread import run_sync

from dreamvid.errors import DreamvidError
from dreamvid.studio import protocol
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.queue.aside import Aside
from dreamvid.studio.queue.estimate import Estimates
from dreamvid.studio.queue.renders import Renders
from dreamvid.studio.server.dreaming import Dreaming, Start
from dreamvid.studio.server.folder import Folder
from dreamvid.studio.server.keeper import Keeper
from dreamvid.studio.server.opening import missing_note
from dreamvid.studio.server.views import status_of
from dreamvid.studio.server.windows import Window, Windows
from dreamvid.studio.session.messages import GiveWay, Go, Report

IDLE = 60.0  # seconds without a window, after which the dream pauses
LOOK = 0.5  # seconds between two looks whether somebody waits for an estimate
TASKS = 8  # that go on beside, of all windows


class Hub:
    """Desk, session, queue and windows.

    Args:
        start: starts the session, see `dreaming`.
        device: to render on.
    """

    def __init__(self, folder: Folder, desk: Desk, start: Start, device: str = "auto") -> None:
        self.folder, self.desk = folder, desk
        self.windows = Windows(
            state=lambda: self.dreaming.state(),
            status=lambda: status_of(self.dreaming.position, self.dreaming.condition),
            renders=lambda: self.renders.message(),
        )
        self.dreaming = Dreaming(desk, self.windows)
        self._tasks = set[asyncio.Task[None]]()
        self._keeper = Keeper(folder.session, desk)
        self._idle: asyncio.TimerHandle | None = None
        self._paused = False  # as no window is open
        self._loop = asyncio.get_running_loop()
        self.aside = Aside()
        self.estimates = Estimates(device, self.aside)
        changed = lambda: self._soon(self._renders_changed)
        self.renders = Renders(folder.films, device, changed, self.aside)
        self.dreaming.begin(start(lambda report: self._soon(self._take, report)))

    def close(self) -> None:
        """End the processes; a render stops at its next frame, and is kept."""
        self._keeper.close()
        self.dreaming.close()
        self.estimates.cancel()
        self.renders.close()
        self.aside.close()

    def enter(self, window: Window) -> None:
        """Take a window in; what was paused as there was none goes on."""
        self.windows.open.add(window)
        if self._idle:
            self._idle.cancel()
        if self._paused:
            self._paused = False
            self.dreaming.go(Go("play"))

    def leave(self, window: Window) -> None:
        """Let a window go; a minute after the last one the dream pauses."""
        self.windows.open.discard(window)
        if not self.windows.open:
            self._idle = self._loop.call_later(IDLE, self._pause)

    def dream(self) -> None:
        """Have the preset dreamed as it now is."""
        self.dreaming.dream()
        self.changed()

    def changed(self) -> None:
        """Show the desk as it now is, and keep it."""
        self.windows.touch("state")
        self._keeper.soon()

    def load(self, settings: dict[str, Any], name: str, *, trusted: bool) -> str | None:
        """Open the preset of a film, as `queue.checks.read_settings` gives it; returns a note."""
        self.desk.load(settings["title"] or name, settings["table"], trusted=trusted)
        self.dream()
        return next(iter(missing_note(settings["missing"])), None)

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

    async def estimate(
        self, is_left: Callable[[], Awaitable[bool]], **options: Any
    ) -> dict[str, Any]:
        """Estimate a film of the preset, while the preview gives way; see `Estimates.estimate`.

        It ends where `is_left` says that nobody waits for it any more.
        """
        table, turn = self.desk.table, self.estimates.begin()
        self.dreaming.go(GiveWay(True))
        work = asyncio.create_task(
            run_sync(lambda: self.estimates.estimate(turn, table, **options))
        )
        try:
            while not (await asyncio.wait({work}, timeout=LOOK))[0]:
                if await is_left():
                    self.estimates.cancel(turn)
        except asyncio.CancelledError:  # the studio ends
            self.estimates.cancel(turn)
        try:
            return await work
        finally:
            self._give_way()

    async def _do_later(
        self, window: Window, act: Callable[[], Any], then: Callable[[Any], str | None]
    ) -> None:
        try:
            note = then(await run_sync(act))
        except DreamvidError as error:
            window.refuse(error)
        except Exception as error:  # a fault of ours, or of the disk
            traceback.print_exc()
            window.refuse(DreamvidError(f"a fault of the studio: {type(error).__name__}: {error}"))
        else:
            if note:
                window.tell(protocol.Notice(message=note).model_dump_json())

    def _take(self, report: Report) -> None:
        """Take a report of the session, and keep what it changes: a keyframe that moves, say."""
        before = self.desk.revision
        self.dreaming.take(report)
        if self.desk.revision != before:
            self._keeper.soon()

    def _renders_changed(self) -> None:
        self._give_way()
        self.windows.touch("renders")

    def _give_way(self) -> None:
        self.dreaming.go(GiveWay(self.renders.rendering or self.estimates.measuring))

    def _pause(self) -> None:
        if self.dreaming.position.playing and not self.windows.open:
            self._paused = True
            self.dreaming.go(Go("pause"))

    def _soon(self, act: Callable[..., None], *given: Any) -> None:
        """Call a function in the loop's thread, from any thread."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(act, *given)
