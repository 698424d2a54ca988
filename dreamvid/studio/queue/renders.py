"""Renders: films in the queue, rendered one after another by a worker process.

It is a batch's queue, in the folder of the films: what is in it survives the studio, and
`dreamvid batch` may help with it.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from dreamvid.errors import DreamvidError, PresetError, quote
from dreamvid.render.batch.names import LONGEST, job_name
from dreamvid.render.batch.program import Orders
from dreamvid.render.batch.queue import PAUSED, Queue
from dreamvid.render.batch.run import Program, Tickets, run_batch
from dreamvid.studio import protocol
from dreamvid.studio.queue.aside import Aside
from dreamvid.studio.queue.films import Films
from dreamvid.studio.queue.progress import Progress

WORKER = "dreamvid.studio.queue.worker"
RETRIES = 2  # of a job that fails or kills its worker, as a batch's
LOOK = 2.0  # seconds between two looks at a queue that rests
SEEDS = 2**31


class Renders:
    """The queue of a folder of films. Methods raise DreamvidError, and nothing has changed then.

    `on_change` is called, from any thread, where `message` has changed. `add`, `vary` and `extend`
    check the film first, which takes seconds: call them in a thread.
    """

    def __init__(
        self,
        out: Path,
        device: str,
        on_change: Callable[[], None],
        aside: Aside,
        *,
        worker: str = WORKER,
    ) -> None:
        self.out, self.films = out, Films(out)
        self._queue, self._aside, self._on_change = Queue(out / ".queue"), aside, on_change
        orders = Orders(str(out.resolve()), device, None, RETRIES)
        self._program = Program(worker, orders, {})
        self._adding, self._telling = threading.Lock(), threading.Lock()
        self._wake, self._closed = threading.Event(), False
        self._pause = self._queue.folder / PAUSED
        self.paused, self._trouble = self._pause.exists(), ""
        self._progress = Progress(self._queue)
        self._message = protocol.Renders(paused=self.paused, jobs=[])
        self._queue.release_dead(retries=10**9)  # of a studio that was killed
        self._look()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def message(self) -> protocol.Renders:
        """Describe the queue, as of half a second ago at most."""
        return self._message

    @property
    def rendering(self) -> bool:
        """True while a film is rendered, or about to be: the preview then yields."""
        states = {job.state for job in self._message.jobs}
        return "rendering" in states or ("waiting" in states and not self.paused)

    def add(
        self,
        table: dict[str, Any],
        name: str,
        *,
        size: str | None = None,
        frames: int | None = None,
        targets: tuple[str, ...] = (),
    ) -> str:
        """Put a film of a preset's table into the queue; returns the name of its job."""
        title = " ".join(name.split())
        whole = self._aside.do(
            "prepare", table, title=title, size=size, frames=frames, targets=targets
        )
        with self._adding:
            job = self._new_name(title)
            self._queue.add(job, whole)
        self._wake.set()
        self._look()
        return job

    def vary(self, job: str, count: int) -> list[str]:
        """Put so many films like a finished one, of other seeds, into the queue."""
        film = self.films.find(job)
        table = self.settings(job)["table"]
        seeds = Random().sample(range(1, SEEDS), count)
        title = film["title"].partition(", seed ")[0]
        return [self.add(table | {"seed": seed}, f"{title}, seed {seed}") for seed in seeds]

    def extend(self, job: str, frames: int) -> list[str]:
        """Make a finished film longer by so many frames.

        Returns the options that the frames so far would have had otherwise at that length.
        """
        folder = self.films.folder(job)
        if "~" in job:
            raise PresetError("job", f"{quote(job)} has a ~ in it", "rename the folder")
        if self._state(job) in ("todo", "claimed"):
            raise PresetError("job", f"{job} is in the queue already")
        plan = self._aside.do("plan_extension", str(folder), frames)
        self._queue.extend(job, plan["table"], plan["to"])
        self._wake.set()
        self._look()
        return plan["depends"]

    def settings(self, job: str) -> dict[str, Any]:
        """Read the preset of a finished film, as `checks.read_settings`."""
        return self._aside.do("read_settings", str(self.films.folder(job)))

    def pause(self) -> None:
        """Stop at the next frame; everything is kept, also over a restart of the studio."""
        self._queue.mark()
        self._pause.touch()
        self.paused = True
        self._look()

    def resume(self) -> None:
        """Go on with the queue."""
        self._pause.unlink(missing_ok=True)
        self.paused, self._trouble = False, ""
        self._wake.set()
        self._look()

    def remove(self, job: str) -> None:
        """Take a job out of the queue; what was rendered of it stays in its folder."""
        self._state(job, known=True)
        self._queue.remove(job)
        self._look()

    def retry(self, job: str) -> None:
        """Put a failed job back into the queue."""
        if self._state(job, known=True) != "failed":
            raise PresetError("job", f"{job} has not failed")
        self._queue.retry(job)
        self._wake.set()
        self._look()

    def picture(self, job: str) -> Path | None:
        """Path of the newest frame of a job, a JPEG; None where there is none."""
        known = any(one.job == job for one in self._message.jobs)
        path = self._queue.picture(job)
        return path if known and path.is_file() else None

    def close(self) -> None:
        """Let the worker stop at its next frame; wait for it ten seconds at most."""
        self._closed = True
        self._wake.set()
        self._thread.join(10)

    def _state(self, job: str, *, known: bool = False) -> str | None:
        state, _ = self._queue.tickets().get(job, (None, None))
        if known and state is None:
            raise PresetError("job", f"there is no job {quote(job)}")
        return state

    def _new_name(self, title: str) -> str:
        """Name a job by the next number, so that the folders stand in order, and its title."""
        names = {*self._queue.tickets()}
        if self.out.is_dir():
            names |= {path.name for path in self.out.iterdir()}
        heads = (name.partition("-")[0] for name in names)
        number = 1 + max((int(h) for h in heads if h.isascii() and h.isdigit()), default=0)
        plain = job_name(title.replace("/", " "), None, None, ())
        return f"{number:04d}-{plain}"[:LONGEST].rstrip("-.")

    def _run(self) -> None:
        """Work through the queue whenever there is something in it."""
        while not self._closed:
            self._look()
            if self.paused or self._queue.idle:
                self._wake.wait(LOOK)
                self._wake.clear()
                continue
            try:
                run_batch(
                    self._queue, [self._program], retries=RETRIES, show=self._show, stop=self._stop
                )
            except (DreamvidError, OSError) as error:
                self._trouble, self.paused = str(error), True
                with suppress(DreamvidError, OSError):  # the disk may be full
                    self.pause()

    def _stop(self) -> bool:
        return self.paused or self._closed

    def _look(self) -> None:
        try:
            self._show(self._queue.tickets())
        except (DreamvidError, OSError) as error:  # a damaged ticket
            self._trouble = str(error)

    def _show(self, tickets: Tickets) -> None:
        """Tell where the queue has changed."""
        with self._telling:
            message = protocol.Renders(
                paused=self.paused, trouble=self._trouble, jobs=self._progress.jobs(tickets)
            )
            changed, self._message = message != self._message, message
        if changed:
            self._on_change()
