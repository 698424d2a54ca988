"""Who a worker is, so that others can tell whether it still lives."""

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Worker:
    """Who holds a claim: a process of a machine. `born` tells it from a later one's number."""

    host: str
    pid: int
    born: int

    def __str__(self) -> str:
        return f"{self.host}~{self.pid}~{self.born}"

    @property
    def gone(self) -> bool:
        """Whether it certainly is: only its own machine can tell."""
        return self.host == this_host() and born_at(self.pid) != self.born


def this_worker() -> Worker:
    pid = os.getpid()
    return Worker(this_host(), pid, born_at(pid) or 0)


def worker_named(text: str) -> Worker | None:
    """The one whom `str` says so; None if that is nobody's name."""
    match = re.fullmatch(r"([^~]+)~(\d{1,10})~(\d{1,20})", text)
    return Worker(match[1], int(match[2]), int(match[3])) if match else None


def this_host() -> str:
    """This machine, by a name that may stand in a file's; a container is one of its own."""
    name = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:80] or "host"
    try:
        return f"{name}-{re.sub('[^0-9]', '', os.readlink('/proc/self/ns/pid'))}"
    except OSError:  # not Linux: there are no such spaces
        return name


def born_at(pid: int) -> int | None:
    """When a process began, in the system's ticks, or 0 if that cannot be known; None: gone."""
    try:
        # Its command, in brackets, may hold anything; what follows is numbers, and its state.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        pass
    if Path("/proc/self/stat").exists():
        return None
    if os.name != "posix":  # on Windows signal 0 would end it
        return 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:  # it is another user's
        return 0
    return 0
