"""What looks on while a film is rendered: start reading here.

    with Observer(preset, out, command=...) as observer:
        outcome = render_film(preset, out, device=device, on_frame=observer.on_frame)
        report = observer.finish(outcome)

Nothing that goes wrong here ends a render: it is said by a warning.
"""

import logging
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

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
    """Notes how long frames take, writes OUT/report.html, and OUT/watch/ where it is asked for.

    Args:
        preset: with its rate and length spelled out.
        command: that makes the film again, for the report.
        watch: whether it is to be looked at while it renders.
    """

    def __init__(self, preset: Preset, out: Path, *, command: str, watch: bool = False) -> None:
        self._preset, self._out, self._command = preset, out, command
        self._recorder = timings.Recorder()
        title = preset.title or out.name
        self.watcher = Watcher(out, title=title, fps=preset.video.rate) if watch else None
        self._inside = ExitStack()

    def __enter__(self) -> "Observer":
        """Raises OutputError where OUT/watch/ cannot be written."""
        if self.watcher:
            self._inside.enter_context(self.watcher)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inside.__exit__(kind, error, trace)

    def on_frame(self, progress: "Progress") -> None:
        self._recorder.on_frame(progress)
        if self.watcher:
            self.watcher.on_frame(progress)

    def finish(self, outcome: "Outcome") -> Path | None:
        """The report of a film that is finished; None where there is none, which is said."""
        self._recorder.finish()
        if self.watcher:
            self.watcher.finish(outcome)
        film = next((path for path in outcome.files if path.stem == "forward"), None)
        if film is None:
            return None
        kept = RenderFolder(self._out).work / timings.NAME
        taken = timings.read_timings(kept, most=2 * self._preset.video.count + 100_000)
        try:
            return write_report(self._out, self._preset, film, self._command, taken)
        except DreamvidError as error:
            log.warning("no report: %s", error)
            return None
