"""A queue in a folder: jobs are files, and taking one is renaming it.

DIR/.queue/ has a folder for each state, with one file a job:

    todo/JOB.json                   waiting for a worker
    claimed/JOB~HOST~PID~BORN.json  being rendered by the worker in its name
    done/JOB.json  failed/JOB.json  over, with the result
    frames/JOB                      number of frames done of a claimed job
    pictures/JOB.jpg                its newest frame, where the studio renders it
    paused                          where the studio's user has paused its queue

and the empty file MARK, which identifies it as a queue of ours.

A rename is atomic, also over NFS: of all workers that try to take a job, one succeeds. A worker
touches its claim as a heartbeat (`Claim.beat`). Others time the changes by their own clocks, as
the machines' clocks need not agree.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from dreamvid.errors import OutputError, ResumeError
from dreamvid.render.batch.ticket import Ticket, read, rename, write
from dreamvid.system.files import make_folder, refused
from dreamvid.system.process import Process, process_named, this_process

State = Literal["todo", "claimed", "done", "failed"]
STATES: tuple[State, ...] = ("done", "failed", "claimed", "todo")  # by precedence

MARK, PAUSED = "dreamvid-queue", "paused"

PATIENCE = 180.0  # seconds without a beat; NFS may show an old time for 60


@dataclass
class Queue:
    """A queue's folder; its methods raise OutputError where it cannot be written."""

    folder: Path
    # Latest beat of each claim, and since when it is unchanged.
    beats: dict[Path, tuple[int, float]] = field(default_factory=dict)

    def add(self, name: str, preset: dict[str, Any]) -> None:
        """Add a job unless it is there; raises ResumeError for other settings of the same name."""
        self.mark()
        for state in STATES:
            for path in self._files(state, name):
                ticket = read(path)
                if ticket is None:  # it has just been taken
                    continue
                if ticket.preset != preset:
                    problem = f"job {name} is in {self.folder} with other settings"
                    raise ResumeError(f"{problem}; choose another --out")
                return
        write(self._file("todo", name), Ticket(name, preset))

    def take(self, worker: Process) -> "Claim | None":
        """Claim a waiting job for a worker; None if there is none."""
        for path in self._files("todo"):
            name = path.stem
            mine = self._claim(name, worker)
            if self._files("claimed", name) or not rename(path, mine):
                continue
            ticket = read(mine)
            if ticket is None or self._is_over(name):  # by a worker that was taken for dead
                mine.unlink(missing_ok=True)
                continue
            ticket = replace(ticket, tries=ticket.tries + 1, worker=str(worker))
            write(mine, ticket)
            return Claim(self, ticket, mine)
        return None

    def release_dead(self, *, retries: int, worker: Process | None = None) -> list[Ticket]:
        """Put dead workers' jobs back, or fail those tried more than `retries` times.

        `worker` is one that is known to be dead.
        """
        freed = []
        for path in self._files("claimed"):
            holder = process_named(path.stem.partition("~")[2])
            if holder is None or (holder != worker and not self._is_dead(path, holder)):
                continue
            ticket = read(path)
            if ticket is None:
                continue
            if self._is_over(ticket.name):
                path.unlink(missing_ok=True)
                continue
            dead = replace(ticket, reason=f"its worker {holder.pid} on {holder.host} died", code=1)
            over = ticket.tries > retries
            # Another process may do the same at this moment; one of them gets the claim. If it is
            # killed then, the claim in its own name is released.
            mine = self._claim(ticket.name, this_process())
            with suppress(OutputError):
                if rename(path, mine) and self._move(mine, "failed" if over else "todo", dead):
                    freed.append(dead)
        return freed

    def try_again(self) -> None:
        """Give failed jobs all their tries again, unless a worker is running."""
        if self.claimed:
            return
        for state in ("failed", "todo"):
            for path in self._files(state):
                ticket = read(path)
                if ticket and (ticket.tries or state == "failed"):
                    self._move(path, "todo", replace(ticket, tries=0, reason="", code=0))

    def remove(self, name: str) -> None:
        """Remove a job; a worker that renders it stops at its next frame, and all frames stay."""
        for state in STATES:
            for path in self._files(state, name):
                path.unlink(missing_ok=True)

    def retry(self, name: str) -> None:
        """Give a failed job all its tries again."""
        for path in self._files("failed", name):
            if ticket := read(path):
                self._move(path, "todo", replace(ticket, tries=0, reason="", code=0))

    def extend(self, name: str, preset: dict[str, Any], to: int) -> None:
        """Put a finished film back into the queue, to be extended to so many frames."""
        self.mark()
        ticket = Ticket(name, preset, to=to)
        over = [self._file(state, name) for state in ("done", "failed")]
        if not any([self._move(path, "todo", ticket) for path in over]):  # rendered elsewhere
            write(self._file("todo", name), ticket)

    def forget(self, name: str) -> None:
        """Put a finished job back into the queue, as its films are gone."""
        for path in self._files("done", name):
            if ticket := read(path):
                self._move(path, "todo", Ticket(name, ticket.preset, to=ticket.to))

    def tickets(self) -> dict[str, tuple[State, Ticket]]:
        """Read every job's state; a job that moves meanwhile may be missed."""
        tickets: dict[str, tuple[State, Ticket]] = {}
        for state in reversed(STATES):
            for path in self._files(state):
                if ticket := read(path):
                    tickets[ticket.name] = state, ticket
        return tickets

    @property
    def claimed(self) -> bool:
        """True while any worker has a job."""
        return any(self._files("claimed"))

    @property
    def idle(self) -> bool:
        """True if no job is waiting or being rendered."""
        # "todo" is read twice, or a job that is put back could slip through between.
        looks = (any(self._files(state)) for state in ("todo", "claimed", "todo"))
        return not any(looks)

    def frames(self, name: str) -> int:
        """Read the number of frames done of a job that is being rendered."""
        try:
            return int((self.folder / "frames" / name).read_text())
        except (OSError, ValueError):
            return 0

    def picture(self, name: str) -> Path:
        """Path of the newest frame of a job, a JPEG."""
        return self.folder / "pictures" / f"{name}.jpg"

    def mark(self) -> None:
        """Create the queue's folder, and mark it as ours."""
        mark = self.folder / MARK
        try:
            make_folder(self.folder)
            mark.touch()
        except OSError as error:
            raise refused(mark, error, begun=False) from None

    def _is_over(self, name: str) -> bool:
        return any(self._file(state, name).exists() for state in ("done", "failed"))

    def _is_dead(self, path: Path, holder: Process) -> bool:
        if holder.gone:
            return True
        try:
            beat = path.stat().st_mtime_ns
        except OSError:
            return False
        now = time.monotonic()
        last, since = self.beats.get(path, (beat, now))
        self.beats[path] = (beat, since if beat == last else now)
        return now - self.beats[path][1] > PATIENCE

    def _move(self, path: Path, state: State, ticket: Ticket) -> bool:
        """Move a job to a state with a new ticket; False if another process has moved it."""
        if not path.exists():
            return False
        write(path, ticket)
        return rename(path, self._file(state, ticket.name))

    def _claim(self, name: str, worker: Process) -> Path:
        return self.folder / "claimed" / f"{name}~{worker}.json"

    def _file(self, state: State, name: str) -> Path:
        return self.folder / state / f"{name}.json"

    def _files(self, state: State, name: str | None = None) -> list[Path]:
        """List the tickets of a state, or of one job, without partial files."""
        if name and state != "claimed":  # a state may have many thousand
            path = self._file(state, name)
            return [path] if path.exists() else []
        folder, start = self.folder / state, f"{name}~" if name else ""
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            return []
        found = (one for one in names if one.endswith(".json") and one.startswith(start))
        return [folder / one for one in found if not one.startswith(".")]


@dataclass
class Claim:
    """A job held by a worker until it is finished, failed or given back."""

    queue: Queue
    ticket: Ticket
    path: Path

    def beat(self, frames: int | None = None) -> bool:
        """Touch the claim as a heartbeat; False if the job was taken away meanwhile."""
        try:
            os.utime(self.path)
        except FileNotFoundError:
            return False
        except OSError:  # a network disk that is away for a moment: others wait for PATIENCE
            return True
        if frames is not None:
            with suppress(OSError):  # the number is only shown
                path = self.queue.folder / "frames" / self.ticket.name
                path.parent.mkdir(exist_ok=True)
                path.write_text(str(frames))
        return True

    def finish(self, result: dict[str, Any]) -> None:
        """Record the job's result as done."""
        self._leave("done", replace(self.ticket, result=result, reason="", code=0))

    def fail(self, reason: str, code: int, *, again: bool) -> None:
        """Record a failure, and put the job back if it may be tried `again`."""
        self._leave("todo" if again else "failed", replace(self.ticket, reason=reason, code=code))

    def give_back(self) -> None:
        """Put the job back without counting the try; its rendered frames stay."""
        self._leave("todo", replace(self.ticket, tries=self.ticket.tries - 1))

    def _leave(self, state: State, ticket: Ticket) -> None:
        self.queue._move(self.path, state, ticket)
