"""A queue in a folder: jobs are files, and taking one is renaming it.

DIR/.queue/ has a folder for each state, with one file a job:

    todo/JOB.json                 waits for a worker
    claimed/JOB~HOST~PID~BORN.json  somebody renders it; who, its name says
    done/JOB.json  failed/JOB.json  is over, and how it went
    frames/JOB                    how many are done of one that is claimed

and the empty file MARK, by which it is known for a queue of ours.

A rename is atomic, also over NFS: of all that try to take a job, one succeeds. A worker
shows that it lives by touching its claim (`Claim.beat`). Others watch that change by their
own clocks, so nothing is asked of the machines' clocks, which need not agree.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from dreamvid.errors import OutputError, ResumeError
from dreamvid.render.batch.identity import Worker, worker_named
from dreamvid.render.batch.ticket import Ticket, read, write
from dreamvid.system.files import make_folder, refused

State = Literal["todo", "claimed", "done", "failed"]
STATES: tuple[State, ...] = ("done", "failed", "claimed", "todo")  # the first one found holds

MARK = "dreamvid-queue"

PATIENCE = 180.0  # seconds without a beat: longer than NFS keeps an old time (60)


@dataclass
class Queue:
    """All that is asked of the folder; raises OutputError where it cannot be written."""

    folder: Path
    seen: dict[Path, tuple[int, float]] = field(default_factory=dict)  # claims: beat, and since

    def add(self, name: str, preset: dict[str, Any]) -> None:
        """Put a job there, unless it is; raises ResumeError if that is another one."""
        self._mark()
        for state in STATES:
            for path in self._files(state, name):
                kept = read(path)
                if kept is None:  # taken, just now
                    continue
                if kept.preset != preset:
                    problem = f"job {name} is in {self.folder} with other settings"
                    raise ResumeError(f"{problem}; choose another --out")
                return
        write(self._file("todo", name), Ticket(name, preset))

    def take(self, worker: Worker) -> "Claim | None":
        """A job that nobody has, or None if there is none now."""
        for path in self._files("todo"):
            name = path.stem
            mine = self.folder / "claimed" / f"{name}~{worker}.json"
            if self._files("claimed", name) or not _rename(path, mine):
                continue
            ticket = read(mine)
            if ticket is None or self._is_over(name):  # finished by one thought to be dead
                mine.unlink(missing_ok=True)
                continue
            ticket = replace(ticket, tries=ticket.tries + 1, worker=str(worker))
            write(mine, ticket)
            return Claim(self, ticket, mine)
        return None

    def release_dead(self, *, retries: int, worker: Worker | None = None) -> list[Ticket]:
        """Put back what dead workers had; what has killed too many is given up.

        Args:
            worker: also what this one has, which is known to be dead.
        """
        freed = []
        for path in self._files("claimed"):
            holder = worker_named(path.stem.partition("~")[2])
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
            # Somebody else may be putting it back at this moment: one of us succeeds.
            with suppress(OutputError):
                if self._move(path, "failed" if over else "todo", dead):
                    freed.append(dead)
        return freed

    def try_again(self) -> None:
        """A new command gives what failed its tries back, unless others are at work."""
        if self.claimed:
            return
        for state in ("failed", "todo"):
            for path in self._files(state):
                ticket = read(path)
                if ticket and (ticket.tries or state == "failed"):
                    self._move(path, "todo", replace(ticket, tries=0, reason="", code=0))

    def forget(self, name: str) -> None:
        """A finished job whose films are gone is to be done again."""
        for path in self._files("done", name):
            if ticket := read(path):
                self._move(path, "todo", Ticket(name, ticket.preset))

    def tickets(self) -> dict[str, tuple[State, Ticket]]:
        """Every job's state, as far as one look can tell while others work."""
        found: dict[str, tuple[State, Ticket]] = {}
        for state in reversed(STATES):
            for path in self._files(state):
                if ticket := read(path):
                    found[ticket.name] = state, ticket
        return found

    @property
    def claimed(self) -> bool:
        """Whether anybody has a job."""
        return any(self._files("claimed"))

    @property
    def idle(self) -> bool:
        """Whether nothing waits, and nothing is being rendered."""
        # Looked at twice, in the order in which jobs move: one must not slip through between.
        looks = (any(self._files(state)) for state in ("todo", "claimed", "todo"))
        return not any(looks)

    def frames(self, name: str) -> int:
        """Of a job that is being rendered: done so far, as its worker last told."""
        try:
            return int((self.folder / "frames" / name).read_text())
        except (OSError, ValueError):
            return 0

    def _mark(self) -> None:
        mark = self.folder / MARK
        try:
            make_folder(self.folder)
            mark.touch()
        except OSError as error:
            raise refused(mark, error, begun=False) from None

    def _is_over(self, name: str) -> bool:
        return any(self._file(state, name).exists() for state in ("done", "failed"))

    def _is_dead(self, path: Path, holder: Worker) -> bool:
        if holder.gone:
            return True
        try:
            beat = path.stat().st_mtime_ns
        except OSError:
            return False
        now = time.monotonic()
        last, since = self.seen.get(path, (beat, now))
        self.seen[path] = (beat, since if beat == last else now)
        return now - self.seen[path][1] > PATIENCE

    def _move(self, path: Path, state: State, ticket: Ticket) -> bool:
        """To another state, with what is to be said; False if somebody else has moved it."""
        if not path.exists():
            return False
        write(path, ticket)
        return _rename(path, self._file(state, ticket.name))

    def _file(self, state: State, name: str) -> Path:
        return self.folder / state / f"{name}.json"

    def _files(self, state: State, name: str = "*") -> list[Path]:
        """Oldest name first; whole ones only."""
        pattern = f"{name}~*.json" if state == "claimed" else f"{name}.json"
        found = sorted((self.folder / state).glob(pattern))
        return [path for path in found if not path.name.startswith(".")]


@dataclass
class Claim:
    """A job that is ours until it is finished, failed or given back."""

    queue: Queue
    ticket: Ticket
    path: Path

    def beat(self, frames: int | None = None) -> bool:
        """Say that it is being worked on; False if it was taken away meanwhile."""
        try:
            os.utime(self.path)
        except FileNotFoundError:
            return False
        except OSError:  # a network disk that is away for a moment: others are patient
            return True
        if frames is not None:
            with suppress(OSError):  # only for show
                path = self.queue.folder / "frames" / self.ticket.name
                path.parent.mkdir(exist_ok=True)
                path.write_text(str(frames))
        return True

    def finish(self, result: dict[str, Any]) -> None:
        self._leave("done", replace(self.ticket, result=result, reason="", code=0))

    def fail(self, reason: str, code: int, *, again: bool) -> None:
        """Args: again: it may be tried once more."""
        self._leave("todo" if again else "failed", replace(self.ticket, reason=reason, code=code))

    def give_back(self) -> None:
        """As if it had not been taken; what is rendered of it stays."""
        self._leave("todo", replace(self.ticket, tries=self.ticket.tries - 1))

    def _leave(self, state: State, ticket: Ticket) -> None:
        self.queue._move(self.path, state, ticket)


def _rename(path: Path, target: Path) -> bool:
    """False if the file is not there any more: another worker was faster."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.utime(path)  # a beat: what is claimed so is young
        path.rename(target)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from None
    return True
