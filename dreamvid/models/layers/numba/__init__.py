"""Kernels for CPUs, compiled by numba for the processor at hand.

For what torch does in many passes over memory, or on one thread only. A kernel is written as plain
loops over a job's chunks, each of which one thread does from beginning to end; `threads.py` starts
the threads. Compiled code is cached on disk for the next start.

`no_type_check` is for the tests: type checks there would wrap a kernel and hide it from numba.
"""

import ctypes
import hashlib
import struct
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any, no_type_check

import numba
import numpy as np
import torch
from llvmlite import ir
from numba import types
from numba.core import config
from numba.extending import intrinsic
from torch import Tensor

from dreamvid.models.layers.kernels import note
from dreamvid.models.layers.numba import threads

inline = numba.njit(error_model="numpy")
"""Decorator of functions that kernels call."""

# How many chunks are taken: the first field of every job, which the threads count up.
TAKEN = ("taken", np.int64)

note("numba", "NUMBA_DISABLE_JIT is set" if config.DISABLE_JIT else "")  # type: ignore[attr-defined]


def supports(x: Tensor) -> bool:
    """Check that x is on the CPU, of a type that kernels convert to float32 and back."""
    known = x.dtype in (torch.float32, torch.bfloat16)
    return x.device.type == "cpu" and known and not config.DISABLE_JIT  # type: ignore[attr-defined]


def channels_last(x: Tensor) -> Tensor:
    """Convert to float32, channels last, without gaps: as kernels read it."""
    return x.float().contiguous(memory_format=torch.channels_last)


class Kernel:
    """A kernel, compiled when it is first called.

    Args:
        body: takes a pointer to a job, and does chunks of it while there are any.
        fields: names of a job's integers; tensors are passed by their address.
        others: types of a job's other fields, all of 8 bytes.
    """

    def __init__(self, body: Callable[[Any], None], *fields: str, **others: type) -> None:
        kinds = dict.fromkeys(fields, np.int64) | others
        self._body, self._fields = body, list(kinds)
        self._job = np.dtype([TAKEN, *kinds.items()], align=True)
        self._packed = struct.Struct("".join(np.dtype(kind).char for kind in kinds.values()))
        assert self._packed.size == self._job.itemsize - 8  # without gaps

    def __call__(self, **values: Tensor | float) -> None:
        ordered = (values[name] for name in self._fields)
        numbers = [v.data_ptr() if isinstance(v, Tensor) else v for v in ordered]
        job = ctypes.create_string_buffer(self._job.itemsize)
        self._packed.pack_into(job, 8, *numbers)
        threads.run(self._address, ctypes.addressof(job))

    @cached_property
    def _address(self) -> int:
        signature = numba.void(types.CPointer(numba.from_dtype(self._job)))
        # numba's cache looks at the body's file alone; the name stands for the other sources.
        self._body.__qualname__ = f"{self._body.__name__}_{_sources()}"
        try:
            compiled = numba.cfunc(signature, cache=True, error_model="numpy")(self._body)
        except Exception:  # of any kind: the cache is damaged, or nowhere to be written
            compiled = numba.cfunc(signature, error_model="numpy")(self._body)
        return int(compiled.address)  # type: ignore[arg-type]


@cache
def _sources() -> str:
    """Digest of all source files that kernels are compiled from."""
    here, above = Path(__file__).parent, Path(__file__).parents[1]
    files = [*sorted(here.glob("*.py")), above / "lrn_reference.py", above / "windows.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


@intrinsic
@no_type_check
def next_chunk(typing, job):
    """Take the next chunk that no thread has taken; its number, counted from 0."""

    def count_up(context, builder, signature, arguments):
        taken = builder.bitcast(arguments[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", taken, ir.Constant(ir.IntType(64), 1), "monotonic")

    return numba.int64(job), count_up


@no_type_check
def _pointer_to(kind):
    @intrinsic
    @no_type_check
    def at(typing, address):
        def convert(context, builder, signature, arguments):
            pointer = context.get_value_type(signature.return_type)
            return builder.inttoptr(arguments[0], pointer)

        return types.CPointer(kind)(numba.int64), convert

    return at


@inline
@no_type_check
def job_at(pointer):
    return numba.carray(pointer, 1)[0]


floats, octets = _pointer_to(numba.float32), _pointer_to(numba.uint8)
