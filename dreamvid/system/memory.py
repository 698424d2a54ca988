"""Memory that is free, and memory that this process takes."""

import errno
import mmap
from collections.abc import Iterator
from pathlib import Path

import torch

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def free_memory(device: torch.device) -> int | None:
    """Bytes free on a device; None where the system does not say.

    On the CPU the minimum of what the machine, the process's control groups (a container's
    limit) and its address space limit leave.
    """
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    if device.type != "cpu":
        return None
    return min(_free_limits(), default=None)


def resident() -> int | None:
    """Resident bytes of this process; None where the system does not say."""
    try:
        return int((PROC / "self/statm").read_text().split()[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return None


def ran_out(error: BaseException) -> bool:
    """Check whether an error of Python's or torch's, on any device, means that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):  # mapping a file
        return error.errno == errno.ENOMEM
    # The CPU's allocator and oneDNN's convolutions raise plain RuntimeErrors.
    message = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "memory" in message or "create a primitive" in message
    )


def _free_limits() -> Iterator[int]:
    for line in _lines(PROC / "meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
    yield from _free_in_groups()
    yield from _free_addresses()


def _free_in_groups() -> Iterator[int]:
    """Free bytes of each control group of this process, of versions 1 and 2."""
    for line in _lines(PROC / "self/cgroup"):
        _, controllers, path = line.split(":", 2)
        old = "memory" in controllers.split(",")
        if controllers and not old:
            continue
        top = CGROUPS / "memory" if old else CGROUPS
        folder = top / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group.is_relative_to(top):
                yield from _free_in_group(group, old)


def _free_in_group(group: Path, old: bool) -> Iterator[int]:
    names = ("limit_in_bytes", "usage_in_bytes") if old else ("max", "current")
    limit, used = (_number(group / f"memory.{name}") for name in names)
    if limit is None or used is None:
        return
    key = "total_inactive_file" if old else "inactive_file"  # reclaimed when it is needed
    stat = dict(line.split(maxsplit=1) for line in _lines(group / "memory.stat"))
    yield max(0, limit - used + int(stat.get(key, 0)))


def _free_addresses() -> Iterator[int]:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        taken = (_lines(PROC / "self/statm") or ["0"])[0].split()[0]
        # Half of it: memory freed in small blocks is never returned.
        yield max(0, limit - int(taken) * mmap.PAGESIZE) // 2


def _number(path: Path) -> int | None:
    text = " ".join(_lines(path)).strip()
    return int(text) if text.isdecimal() else None  # no limit is called "max"


def _lines(path: Path) -> list[str]:
    """Lines of a file; none if it is missing: another system, or a container that hides it."""
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeError):
        return []
