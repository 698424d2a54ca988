"""How much memory there is: free, and taken by this process."""

import errno
import mmap
from collections.abc import Iterator
from pathlib import Path

import torch

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def free_memory(device: torch.device) -> int | None:
    """Bytes that may still be taken on a device; None where nothing tells.

    On the CPU the least of what the machine, the process's control groups (a container's
    limit) and its own limit of address space leave.
    """
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept  # torch keeps what it once had
    if device.type != "cpu":
        return None
    return min(_left(), default=None)


def resident() -> int | None:
    """Bytes of this process that are in memory; None where nothing tells."""
    try:
        return int((PROC / "self/statm").read_text().split()[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return None


def ran_out(error: BaseException) -> bool:
    """Whether this is how torch, on any device, or Python says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):  # of a file that was to be mapped
        return error.errno == errno.ENOMEM
    # The CPU's allocator and oneDNN's convolutions raise plain RuntimeErrors.
    said = str(error).lower()
    return isinstance(error, RuntimeError) and ("memory" in said or "create a primitive" in said)


def _left() -> Iterator[int]:
    for line in _lines(PROC / "meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
    yield from _left_in_groups()
    yield from _left_to_address()


def _left_in_groups() -> Iterator[int]:
    """Of each control group above this process, of both versions."""
    for line in _lines(PROC / "self/cgroup"):
        _, controllers, path = line.split(":", 2)
        old = "memory" in controllers.split(",")
        if controllers and not old:
            continue
        top = CGROUPS / "memory" if old else CGROUPS
        folder = top / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group.is_relative_to(top):
                yield from _left_in(group, old)


def _left_in(group: Path, old: bool) -> Iterator[int]:
    names = ("limit_in_bytes", "usage_in_bytes") if old else ("max", "current")
    limit, used = (_number(group / f"memory.{name}") for name in names)
    if limit is None or used is None:
        return
    key = "total_inactive_file" if old else "inactive_file"  # given back when it is needed
    stat = dict(line.split(maxsplit=1) for line in _lines(group / "memory.stat"))
    yield max(0, limit - used + int(stat.get(key, 0)))


def _left_to_address() -> Iterator[int]:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        taken = (_lines(PROC / "self/statm") or ["0"])[0].split()[0]
        # Half of it: what is freed in small pieces is never given back to others.
        yield max(0, limit - int(taken) * mmap.PAGESIZE) // 2


def _number(path: Path) -> int | None:
    text = " ".join(_lines(path)).strip()
    return int(text) if text.isdecimal() else None  # no limit is called "max"


def _lines(path: Path) -> list[str]:
    """None where there is no such file: another system, or a container that hides it."""
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeError):
        return []
