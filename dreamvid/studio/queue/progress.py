"""Progress of the queue's jobs: frames done, and the time left by the rate of the latest ones."""

import time
from collections import deque
from typing import Any

from dreamvid.preset.load import check
from dreamvid.render.batch.queue import Queue
from dreamvid.render.batch.run import Tickets
from dreamvid.render.batch.ticket import Ticket
from dreamvid.studio.protocol import RenderJob

WINDOW = 90.0  # seconds that the rate is measured over
DONE = 12  # of the finished jobs that are listed; the gallery has all films

STATES: dict[str, Any] = {
    "todo": "waiting",
    "claimed": "rendering",
    "done": "done",
    "failed": "failed",
}


class Progress:
    """Jobs as the page shows them."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._counts: dict[tuple[str, int], int] = {}
        self._steps: dict[str, deque[tuple[float, int]]] = {}  # time and frames done

    def jobs(self, tickets: Tickets) -> list[RenderJob]:
        """Describe the jobs, in the order in which they are rendered; of done ones the latest."""
        over = sorted(name for name, (state, _) in tickets.items() if state == "done")
        names = sorted(tickets.keys() - {*over[:-DONE]})
        running = {name for name in names if tickets[name][0] == "claimed"}
        self._steps = {name: self._steps.get(name, deque()) for name in running}
        return [self._job(*tickets[name]) for name in names]

    def _job(self, state: str, ticket: Ticket) -> RenderJob:
        name, count = ticket.name, self._count(ticket)
        done = count if state == "done" else min(count, self._queue.frames(name))
        left = self._left(name, done, count) if state == "claimed" else None
        seen = self._queue.picture(name).exists()
        return RenderJob(
            job=name,
            title=str(ticket.preset.get("title") or name)[:200],
            state=STATES[state],
            frames=done,
            count=count,
            seconds_left=left,
            reason=ticket.reason.replace(f"{self._queue.folder.parent}/", ""),
            picture=f"/renders/{name}.jpg?frame={done}" if seen else None,
        )

    def _left(self, name: str, done: int, count: int) -> float | None:
        """Estimate the seconds left; None before the second frame."""
        steps, now = self._steps[name], time.monotonic()
        if steps and done < steps[-1][1]:  # a try began again
            steps.clear()
        if not steps or done > steps[-1][1]:
            steps.append((now, done))
        while len(steps) > 2 and now - steps[1][0] > WINDOW:
            steps.popleft()
        (began, first), (ended, last) = steps[0], steps[-1]
        if last == first:
            return None
        each = (ended - began) / (last - first)
        return round(max(0.0, each * (count - done) - (now - ended)), 1)

    def _count(self, ticket: Ticket) -> int:
        """Length of a job's film; a job of the studio's says it, a batch's may not."""
        key = ticket.name, ticket.to
        if key not in self._counts:
            given = (ticket.preset.get("video") or {}).get("frames")
            self._counts[key] = ticket.to or given or check(ticket.preset).video.count
        return self._counts[key]
