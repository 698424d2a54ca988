"""Live view in OUT/watch/: a page, a poster and a film of the last seconds, updated in a render.

A thread of its own writes the files, so neither torch nor the render waits for them, and so rarely
that both threads take only a small share of the time.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.errors import DreamvidError
from dreamvid.image import Bytes, Image, OtherSizeImage, to_bytes
from dreamvid.media.video.colour import Yuv, to_yuv
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.writer import encode
from dreamvid.monitor.status import Status, write_status
from dreamvid.monitor.thumbnail import as_png, shrink_image, small_size
from dreamvid.render.work.page_files import FILM, FOLDER, HTML, POSTER
from dreamvid.system.files import whole_file, write_text
from dreamvid.system.html import fill_template

if TYPE_CHECKING:
    from dreamvid.render.render import Outcome, Progress

TEMPLATE = Path(__file__).parent / "templates" / HTML
SECONDS = 20  # of film in the view
FASTEST = 30  # frames a second in it
LONGEST = 240  # pixels, the film's longer side
POSTER_LONGEST = 960  # pixels

SHARE = 0.01  # of the time that each of the two threads may take
LEAST = 1.0  # seconds between two updates
FREE = 0.1  # seconds of the render's thread that do not count

log = logging.getLogger("dreamvid")


class Watcher:
    """Keep the live view of a render up to date; errors after its start are logged, not raised.

    The page shows a render as failed if the block ends by an error.
    """

    def __init__(self, out: Path, *, title: str, fps: Fraction) -> None:
        self.folder = out / FOLDER
        self.spent = 0.0  # seconds of the render's own thread
        self._every = -(-fps // FASTEST)  # frames of the film for each in the view
        self._rate = fps / self._every
        self._frames: deque[Yuv] = deque(maxlen=max(1, round(SECONDS * self._rate)))
        self._status = Status(title=title)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch")
        self._update: Future[float] | None = None
        self._started = time.perf_counter()
        self._first: tuple[int, float] | None = None  # frames done at the first call, and its time
        self._due = 0.0  # perf_counter at which the next update may begin

    @property
    def page(self) -> Path:
        return self.folder / HTML

    def __enter__(self) -> "Watcher":
        """Write the page; raises OutputError."""
        write_text(self.page, fill_template(TEMPLATE))
        write_status(self.folder, self._status)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._worker.shutdown(wait=True)
        if self._status.state == "rendering":
            reason = str(error) if isinstance(error, DreamvidError) else "it was cut off"
            self._end("failed", reason)

    def on_frame(self, progress: "Progress") -> None:
        """Add a frame to the view, which mostly takes a millisecond or two."""
        started = time.perf_counter()
        index, image = progress.frame.index, progress.frame.image
        if index >= 0 and index % self._every == 0:
            # A frame that would take too long is replaced by the one before.
            slow = self.spent > SHARE * (started - self._started) + FREE
            repeat = self._frames and slow
            self._frames.append(self._frames[-1] if repeat else to_yuv(_small(image, LONGEST)))
        if self._is_due(started):
            self._status = self._next_status(progress, started)
            frames, poster = list(self._frames), to_bytes(_small(image, POSTER_LONGEST))
            self._update = self._worker.submit(self._write, frames, poster, self._status)
        if self._first is None:
            self._first = progress.done, started
        self.spent += time.perf_counter() - started

    def finish(self, outcome: "Outcome") -> None:
        """Show the outcome, once the update under way is written."""
        self._worker.shutdown(wait=True)
        if self._frames:
            self._status = replace(self._status, update=self._status.update + 1, film=True)
            self._try_film(list(self._frames))
        if not outcome.finished:
            done = f"{outcome.frames} of {outcome.count} frames are done"
            return self._end("stopped", f"{done}; the same command goes on from there")
        count = self._status.count or outcome.count
        names = tuple(path.name for path in outcome.files if path.parent == outcome.out)
        self._status = replace(self._status, done=count, count=count, files=names)
        return self._end("finished", f"{outcome.count} frames")

    def _next_status(self, progress: "Progress", now: float) -> Status:
        speed = None
        if self._first is not None and now > self._first[1]:
            speed = (progress.done - self._first[0]) / (now - self._first[1])
        index = progress.frame.index
        return replace(
            self._status,
            line=f"frame {index}" if index >= 0 else "before the loop begins",
            done=progress.done,
            count=progress.count,
            speed=speed,
            bytes=progress.bytes_written,
            update=self._status.update + 1,
            film=bool(self._frames),
        )

    def _is_due(self, now: float) -> bool:
        if self._update is not None and self._update.done():
            self._due = now + max(LEAST, self._update.result() / SHARE)
            self._update = None
        return self._update is None and now >= self._due

    def _write(self, frames: list[Yuv], poster: Bytes, status: Status) -> float:
        """Write an update; returns its seconds of CPU time."""
        started = time.thread_time()
        with _logged_errors():  # the render goes on without it
            with whole_file(self.folder / POSTER, make=False) as partial:
                partial.write_bytes(as_png(poster))
            if frames:
                self._try_film(frames)
            write_status(self.folder, status)
        return time.thread_time() - started

    def _try_film(self, frames: list[Yuv]) -> None:
        size = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
        encoding = Encoding(size=size, fps=self._rate, crf=24, preset="superfast", threads=1)
        with _logged_errors():
            encode(frames, self.folder / FILM, encoding)

    def _end(self, state: str, line: str) -> None:
        self._status = replace(self._status, state=state, line=line)
        with _logged_errors():
            write_status(self.folder, self._status)


@contextmanager
def _logged_errors() -> Iterator[None]:
    try:
        yield
    except DreamvidError as error:
        log.warning("--watch: %s", error)


def _small(image: Image, longest: int) -> OtherSizeImage:
    return shrink_image(image, small_size((image.shape[-2], image.shape[-1]), longest))
