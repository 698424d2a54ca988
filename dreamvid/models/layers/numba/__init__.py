"""Kernels for CPUs, compiled by numba for the processor at hand.

For what torch does in many passes over memory or on one thread only. A kernel is written as plain
loops over a job's shares, each of which one thread does from beginning to end; how a thread comes
by its shares is in `team.py`. What is compiled is kept on disk for the next start.

`no_type_check` is for our tests: what checks types there would hide a kernel from numba.
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

from dreamvid.models.layers.numba import threads as team
from dreamvid.models.layers.reference_mode import in_reference_mode

within = numba.njit(error_model="numpy")
"""For what kernels call."""

# How many shares were taken so far: the first field of every job, which the threads count up.
TAKEN = ("taken", np.int64)


def takes(x: Tensor) -> bool:
    """Whether kernels may be run on it; they compute in float32."""
    known = x.dtype in (torch.float32, torch.bfloat16)
    return x.device.type == "cpu" and known and not (in_reference_mode() or config.DISABLE_JIT)  # type: ignore[attr-defined]


def laid_out(x: Tensor) -> Tensor:
    """In single precision, channels last, without gaps: as kernels read it."""
    return x.float().contiguous(memory_format=torch.channels_last)


class Kernel:
    """A kernel, compiled when it is first called.

    Args:
        body: takes a pointer to a job, and does shares of it while there are any.
        fields: of a job; tensors are given by their address.
    """

    def __init__(self, body: Callable[[Any], None], **fields: type) -> None:
        self._body, self._fields = body, list(fields)
        self._job = np.dtype([TAKEN, *fields.items()], align=True)
        self._packed = struct.Struct("".join(np.dtype(kind).char for kind in fields.values()))
        assert self._packed.size == self._job.itemsize - 8  # without gaps: all have 8 bytes

    def __call__(self, **values: Tensor | float) -> None:
        found = (values[name] for name in self._fields)
        numbers = [v.data_ptr() if isinstance(v, Tensor) else v for v in found]
        job = ctypes.create_string_buffer(self._job.itemsize)
        self._packed.pack_into(job, 8, *numbers)
        team.together(self._address, ctypes.addressof(job))

    @cached_property
    def _address(self) -> int:
        wanted = numba.void(types.CPointer(numba.from_dtype(self._job)))
        # numba looks at the file of the body alone; what that uses is in the name.
        self._body.__qualname__ = f"{self._body.__name__}_{_sources()}"
        try:
            compiled = numba.cfunc(wanted, cache=True, error_model="numpy")(self._body)
        except Exception:  # of many kinds: no place to keep it, or what is kept is damaged
            compiled = numba.cfunc(wanted, error_model="numpy")(self._body)
        return int(compiled.address)  # type: ignore[arg-type]


@cache
def _sources() -> str:
    """Of all that kernels are made of."""
    here, above = Path(__file__).parent, Path(__file__).parents[1]
    files = [*sorted(here.glob("*.py")), above / "lrn_plain.py", above / "windows.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


@intrinsic
@no_type_check
def next_share(typing, job):
    """The next one that nobody has taken, counted from 0."""

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
            wanted = context.get_value_type(signature.return_type)
            return builder.inttoptr(arguments[0], wanted)

        return types.CPointer(kind)(numba.int64), convert

    return at


@within
@no_type_check
def job_at(pointer):
    return numba.carray(pointer, 1)[0]


floats, octets = _pointer_to(numba.float32), _pointer_to(numba.uint8)
