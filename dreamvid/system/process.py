"""Identity of a process, by which others can tell whether it is alive."""

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process on a machine; `born`, its start time, guards against reuse of its number."""

    host: str
    pid: int
    born: int

    def __str__(self) -> str:
        return f"{self.host}~{self.pid}~{self.born}"

    @property
    def gone(self) -> bool:
        """True if the process is certainly dead, which only its own machine can tell."""
        return self.host == this_host() and born_at(self.pid) != self.born


def this_process() -> Process:
    """Identify the current process."""
    pid = os.getpid()
    return Process(this_host(), pid, born_at(pid) or 0)


def process_named(text: str) -> Process | None:
    """Parse the name of a process, as `str` gives it; None for any other text."""
    match = re.fullmatch(r"([^~]+)~(\d{1,10})~(\d{1,20})", text)
    return Process(match[1], int(match[2]), int(match[3])) if match else None


def this_host() -> str:
    """Name this machine for use in file names; each container is a machine of its own."""
    name = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:80] or "host"
    try:
        return f"{name}-{re.sub('[^0-9]', '', os.readlink('/proc/self/ns/pid'))}"
    except OSError:  # not Linux, so without process namespaces
        return name


def born_at(pid: int) -> int | None:
    """Read the start time of a process in system ticks; 0 if unknown, None if it is dead."""
    try:
        # The command, in brackets, may hold anything; the state and numbers follow it.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        pass
    if Path("/proc/self/stat").exists():
        return None
    if os.name != "posix":  # on Windows signal 0 would end the process
        return 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:  # another user's process
        return 0
    return 0
