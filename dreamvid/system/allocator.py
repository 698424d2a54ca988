"""Settings of glibc's allocator that keep freed memory in the process between steps.

By default large blocks return to the system, which hands them out again page by page, each filled
with zeros: on a CPU a fifth to a half of a step. Kept blocks fragment and take more memory in all,
so they are kept only for images that are small beside the memory there is.
"""

import ctypes
from contextlib import suppress

import torch

from dreamvid.system.memory import free_memory

# malloc.h of glibc
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
MAX_INT = 2**31 - 1
DEFAULT_MMAP_MAX = 65536  # glibc's own number of mmapped blocks
MAX_THRESHOLD = 2**25  # bytes; glibc takes no higher one

PER_PIXEL = 480  # bytes of a gradient; 465 measured with GoogLeNet at inception_5a/3x3
SHARE = 1 / 4  # of the free memory that may be kept
MIN_TRIM = 2**28  # bytes at the end of the heap that are always kept

_largest = 0  # pixels


def settle(image: torch.Tensor) -> None:
    """Keep or release freed memory, before an image of a new largest size is dreamed."""
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
    """Keep little from now on, and release what is kept: memory is short."""
    _keep(blocks_below=MAX_THRESHOLD)
    _call("malloc_trim", 0)


def _keep(*, blocks_below: int | None, at_end: int = MIN_TRIM) -> None:
    """Keep freed blocks of fewer bytes (None: of any size), and `at_end` at the heap's end."""
    _call("mallopt", MMAP_MAX, DEFAULT_MMAP_MAX if blocks_below else 0)
    _call("mallopt", MMAP_THRESHOLD, blocks_below or MAX_THRESHOLD)
    _call("mallopt", TRIM_THRESHOLD, min(max(at_end, MIN_TRIM), MAX_INT))


def _call(name: str, *arguments: int) -> None:
    with suppress(OSError, AttributeError, TypeError):  # only glibc has them
        getattr(ctypes.CDLL(None), name)(*arguments)
