"""Measure the peak memory of a piece of work, and the memory before it."""

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
    """Bytes of a device, or of the process on the CPU; None where unknown.

    Where the system does not let a process reset its peak, it is the peak since its start.
    """

    baseline: int | None
    peak: int | None


def with_peaks(
    work: Callable[[], Result], device: torch.device
) -> tuple[Result, dict[str, Memory]]:
    """Run `work`; returns its result, and the memory of the "process" and of a "gpu"."""
    _give_back()
    with suppress(OSError):
        CLEAR.write_text(RESET_PEAK)
    baseline, on_gpu = resident(), device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    gpu = torch.cuda.memory_allocated(device) if on_gpu else 0
    result = work()
    memory = {"process": Memory(baseline, highest())}
    if on_gpu:
        memory["gpu"] = Memory(gpu, torch.cuda.max_memory_allocated(device))
    return result, memory


def _give_back() -> None:
    """Return freed memory to the system, or new work would reuse it unnoticed."""
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # a C library other than glibc
        ctypes.CDLL(None).malloc_trim(0)


def highest() -> int | None:
    """Read the peak resident memory of the process in bytes (VmHWM, on Linux)."""
    with suppress(OSError):
        match = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
        return int(match[1]) * 1024 if match else None
    return None
