"""Worker program of the queue: a batch's, which also keeps each job's newest frame as a picture.

Run as `python -m dreamvid.studio.queue.worker`, with orders on stdin as a batch's worker takes
them. The finished film gets a report, as `dreamvid render` writes it.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from dreamvid.errors import DreamvidError
from dreamvid.film.resolve import with_video
from dreamvid.image import to_bytes
from dreamvid.monitor.observer import Observer
from dreamvid.monitor.thumbnail import as_jpeg, shrink_image, small_size
from dreamvid.preset.schema import Preset
from dreamvid.render.batch.program import Orders, run_program
from dreamvid.render.batch.queue import Queue
from dreamvid.render.batch.worker import Witness, work
from dreamvid.render.render import Outcome, Progress

LONGEST = 480  # pixels of a picture's longer side
PAUSE = 1.0  # seconds between two pictures


class Picturing(Witness):
    """Keeps a picture of the newest frame, and the times for the report."""

    def __init__(self, out: Path) -> None:
        self._queue = Queue(out / ".queue")
        self._name, self._next = "", 0.0
        self._observer: Observer | None = None

    def begin(self, name: str, preset: Preset, out: Path) -> None:
        self._name, self._next, self._observer = name, 0.0, None
        with suppress(DreamvidError):  # the render itself says what is wrong
            command = f"dreamvid replay {out.name}"
            self._observer = Observer(with_video(preset), out, command=command)

    def on_frame(self, progress: Progress) -> None:
        if self._observer:
            self._observer.on_frame(progress)
        if time.monotonic() >= self._next:
            with suppress(OSError):  # the picture is only shown
                self._write(progress)
            self._next = time.monotonic() + PAUSE

    def finish(self, outcome: Outcome) -> None:
        if self._observer:
            self._observer.finish(outcome)

    def _write(self, progress: Progress) -> None:
        image = progress.frame.image
        height, width = image.shape[-2:]
        small = shrink_image(image, small_size((height, width), LONGEST))
        path = self._queue.picture(self._name)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(as_jpeg(to_bytes(small)))
        os.replace(partial, path)


if __name__ == "__main__":
    run_program(
        lambda orders, stopped: work(
            Orders(**orders), stopped.is_set, Picturing(Path(orders["out"]))
        )
    )
