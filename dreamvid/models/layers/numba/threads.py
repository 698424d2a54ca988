"""The threads that torch computes with, for kernels of our own.

Threads beside them would be slower than none: for some milliseconds after each of its operations
torch's wait for the next one, and keep the processor busy with that. So on Linux, where torch
shares its work out by OpenMP, ours goes to the same threads.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import torch

Work = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
Run = Callable[[int, int, int], None]


def run(work: int, job: int) -> None:
    """Call work(job), both addresses, on every thread at once, and wait for all."""
    _runner()(work, job, torch.get_num_threads())


@cache
def _runner() -> Run:
    return _openmp() or _by_thread_pool


def _openmp() -> Run | None:
    """Entry point of GNU OpenMP, which compiled code calls too; see its `libgomp.h`."""
    folder = Path(torch.__file__).parent
    for path in sorted([*folder.glob("lib/libgomp*.so*"), *folder.glob("../torch.libs/libgomp*")]):
        try:
            parallel = ctypes.CDLL(str(path)).GOMP_parallel
        except (OSError, AttributeError):
            continue
        parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        parallel.restype = None
        return lambda work, job, threads: parallel(work, job, threads, 0)
    return None


def _by_thread_pool(work: int, job: int, threads: int) -> None:
    call = Work(work)  # releases the GIL
    others = [_pool().submit(call, job) for _ in range(threads - 1)]
    call(job)
    for other in others:
        other.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="dreamvid-kernel")
