"""The most memory that a piece of work took, and what was taken before it."""

import ctypes
import gc
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from dreamvid.system.memory import resident

Result = TypeVar("Result")

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # proc(5): VmHWM becomes VmRSS


@dataclass(frozen=True)
class Memory:
    """Bytes of a device: of the process on the CPU; None where nothing tells.

    Where the system keeps a process from resetting its peak, that is the peak since it began.
    """

    baseline: int | None
    peak: int | None


def with_peaks(
    work: Callable[[], Result], device: torch.device
) -> tuple[Result, dict[str, Memory]]:
    """What it returns, and the memory of the "process", and of the "gpu" if there is one."""
    _give_back()
    with suppress(OSError):
        CLEAR.write_text(RESET_PEAK)
    baseline, on_gpu = resident(), device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    gpu = torch.cuda.memory_allocated(device) if on_gpu else 0
    result = work()
    found = {"process": Memory(baseline, highest())}
    if on_gpu:
        found["gpu"] = Memory(gpu, torch.cuda.max_memory_allocated(device))
    return result, found


def _give_back() -> None:
    """What earlier work has freed: else it counts as taken before, and is taken again unseen."""
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def highest() -> int | None:
    """Bytes that were in memory at the process's peak (VmHWM), which Linux tells."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
        return int(found[1]) * 1024 if found else None
    return None
