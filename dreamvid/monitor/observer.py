"""Observe a render: timings, a report and a live page. Start reading here.

    with Observer(preset, out, command=...) as observer:
        outcome = render_film(preset, out, device=device, on_frame=observer.on_frame)
        report = observer.finish(outcome)

Errors here do not end a render; they are logged as warnings.
"""

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamvid.errors import DreamvidError
from dreamvid.monitor import timings
from dreamvid.monitor.report_page import write_report
from dreamvid.monitor.watcher import Watcher
from dreamvid.preset.schema import Preset
from dreamvid.render.work.folder import RenderFolder

if TYPE_CHECKING:
    from dreamvid.render.render import Outcome, Progress

log = logging.getLogger("dreamvid")


class Observer:
    """Record how long frames take, write OUT/report.html, and OUT/watch/ on request.

    Args:
        preset: with its rate and length resolved.
        command: command that makes the film again, for the report.
        watch: keep a live page in OUT/watch/.
    """

    def __init__(self, preset: Preset, out: Path, *, command: str, watch: bool = False) -> None:
        self._preset, self._out, self._command = preset, out, command
        self._recorder = timings.Recorder()
        title = preset.title or out.name
        self.watcher = Watcher(out, title=title, fps=preset.video.rate) if watch else None
        self._stack = ExitStack()

    def __enter__(self) -> "Observer":
        """Start the live page; raises OutputError where OUT/watch/ cannot be written."""
        if self.watcher:
            self._stack.enter_context(self.watcher)
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)

    def on_frame(self, progress: "Progress") -> None:
        self._recorder.on_frame(progress)
        if self.watcher:
            self.watcher.on_frame(progress)

    def finish(self, outcome: "Outcome") -> Path | None:
        """Write the report of a finished film; None without one."""
        self._recorder.finish()
        if self.watcher:
            self.watcher.finish(outcome)
        film = next((path for path in outcome.files if path.stem == "forward"), None)
        if film is None:
            return None
        path = RenderFolder(self._out).work / timings.NAME
        recorded = timings.read_timings(path, most=2 * self._preset.video.count + 100_000)
        try:
            return write_report(self._out, self._preset, film, self._command, recorded)
        except DreamvidError as error:
            log.warning("no report: %s", error)
            return None
