"""Memory that a gradient gives back and takes again with each step, kept by the process meanwhile.

The C library returns large blocks to the system, which hands them out again page by page, each
filled with zeros: on a CPU a fifth to a half of a step. Kept, they are scattered and take more
room in all, so that is for pictures which are small beside the memory there is.
"""

import ctypes
from contextlib import suppress

import torch

from dreamvid.system.memory import free_memory

# malloc.h of glibc
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
HIGHEST = 2**31 - 1  # an int
USUAL_MAX = 65536  # blocks that may be the system's own
LARGEST_KEPT = 2**25  # bytes; glibc takes no higher threshold

PER_PIXEL = 480  # bytes; 465 were measured, GoogLeNet at inception_5a/3x3; 730 without numba
SHARE = 1 / 4  # of the free memory that may be kept
LEAST = 2**28  # bytes at the end of the heap that may always be

_largest = 0  # pixels


def settle(image: torch.Tensor) -> None:
    """Before a picture of this size is dreamed, by what is free now; once for each larger one."""
    global _largest
    pixels = image.shape[-2] * image.shape[-1]
    if image.device.type != "cpu" or pixels <= _largest:
        return
    _largest = pixels
    free = free_memory(image.device)
    if free is None or pixels * PER_PIXEL > free * SHARE:
        spare()
    else:
        _keep(blocks_below=None, at_end=2 * PER_PIXEL * pixels)


def spare() -> None:
    """Where memory is short: keep little from now on, and give back what is kept."""
    _keep(blocks_below=LARGEST_KEPT)
    _call("malloc_trim", 0)


def _keep(*, blocks_below: int | None, at_end: int = LEAST) -> None:
    """Freed blocks of less than so many bytes; None: of any size.

    Args:
        at_end: bytes of free memory at the end of the heap.
    """
    _call("mallopt", MMAP_MAX, USUAL_MAX if blocks_below else 0)
    _call("mallopt", MMAP_THRESHOLD, blocks_below or LARGEST_KEPT)
    _call("mallopt", TRIM_THRESHOLD, min(max(at_end, LEAST), HIGHEST))


def _call(name: str, *arguments: int) -> None:
    with suppress(OSError, AttributeError, TypeError):  # only glibc has them
        getattr(ctypes.CDLL(None), name)(*arguments)
