"""Memory that is free, and memory that this process takes."""

import errno
import mmap
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch  # at run time it may be what there is no memory for

_SIGNS = (
    *("memory", "bad_alloc", "create a primitive", "start new thread"),
    *("failed to map segment", "cannot map", "cannot create shared object"),
    "without setting an exception",  # an import that memory ended
)
"""Parts of messages, in lower case, of libraries that have no error of their own for it."""

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def free_memory(device: "torch.device") -> int | None:
    """Bytes free on a device; None where the system does not say.

    On the CPU the minimum of what the machine, the process's control groups (a container's
    limit) and its address space limit leave.
    """
    if device.type == "cuda":
        import torch

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
    """Check whether an error, of Python's or a library's, means that memory ran out anywhere."""
    if isinstance(error, MemoryError) or _is_torchs(error):
        return True
    if isinstance(error, OSError) and error.errno is not None:  # mapping a file, a process
        return error.errno == errno.ENOMEM
    # Without an errno: the loader of libraries, Python's threads, the CPU's allocator, oneDNN.
    message = str(error).lower()
    if not isinstance(error, RuntimeError | ImportError | OSError | SystemError):
        return False
    cause = error.__cause__ or error.__context__
    return any(sign in message for sign in _SIGNS) or (
        isinstance(error, ImportError | OSError) and cause is not None and ran_out(cause)
    )


def advice(error: BaseException) -> str:
    """Say in one line what helps against an error that `ran_out` recognises."""
    if isinstance(error, ImportError | OSError):  # before any picture was there
        return "out of memory while libraries are loaded: a higher limit (`ulimit -v`) would do"
    return "out of memory: a smaller size, or a layer nearer the input, needs less"


def _is_torchs(error: BaseException) -> bool:
    kind = getattr(sys.modules.get("torch"), "OutOfMemoryError", None)
    return kind is not None and isinstance(error, kind)


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
