"""Roofline model of a piece of work (Williams, Waterman and Patterson, 2009).

Operations are counted as they run, with their real shapes. Each takes at least its arithmetic at
the rate of a matrix product or its bytes at the bandwidth of a copy, whichever is longer; their sum
is the floor. It is the floor of torch's separate operations: fused ones move fewer bytes, cached
data moves faster than a large copy, and a library's convolutions may beat its matrix products, so
a share above 1 is possible.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from dreamvid.models.layers.reference_mode import reference_mode

aten = torch.ops.aten

FILLED = {aten.copy_, aten.fill_, aten.zero_}  # their first argument is written, never read
BLANK = {aten.empty, aten.empty_like, aten.empty_strided, aten.new_empty, aten.new_empty_strided}


@dataclass(frozen=True)
class Operation:
    name: str  # torch's, such as aten.convolution
    flops: int  # of convolutions and matrix products, two for a multiply-add; else 0
    bytes: int  # read and written, each tensor counted once


@dataclass(frozen=True)
class Work:
    operations: tuple[Operation, ...]

    @property
    def flops(self) -> int:
        """Floating-point operations of all convolutions and matrix products."""
        return sum(op.flops for op in self.operations)

    @property
    def other_bytes(self) -> int:
        """Bytes moved by all but convolutions and matrix products."""
        return sum(op.bytes for op in self.operations if not op.flops)

    def floor(self, matrix_rate: float, bandwidth: float) -> float:
        """Least time in seconds, by floating-point operations and bytes a second."""
        return sum(max(op.flops / matrix_rate, op.bytes / bandwidth) for op in self.operations)


def work_of(run: Callable[[], object]) -> Work:
    """Run some work once in reference mode, and count its operations except for views."""
    with reference_mode(), _Counter() as counter:
        run()
    return Work(tuple(counter.operations))


class _Counter(TorchDispatchMode):
    """Counts every operation below autograd, the backward pass included."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        kind = func.overloadpacket
        if kind in BLANK or _is_view(func, args, result):
            return result
        formula = flop_registry.get(kind)
        flops = int(formula(*args, **kwargs, out_val=result)) if formula else 0
        moved = sum(map(_size, [*_read(kind, args, kwargs), *_tensors(result)]))
        if flops or moved:
            self.operations.append(Operation(str(kind), flops, moved))
        return result


def _is_view(func: Any, args: tuple, result: Any) -> bool:
    """Check whether an operation only returns views of its arguments."""
    inputs = {tensor.untyped_storage().data_ptr() for tensor in _tensors(args)}
    same = [tensor.untyped_storage().data_ptr() in inputs for tensor in _tensors(result)]
    return not func._schema.is_mutable and bool(same) and all(same)


def _read(kind: Any, args: tuple, kwargs: dict[str, Any]) -> Iterator[Tensor]:
    if kind is aten.convolution_backward:
        grad_output, input_, weight, *_, (_, needs_weight, _) = args
        yield from (grad_output, weight, input_) if needs_weight else (grad_output, weight)
    else:
        yield from _tensors((args[1:] if kind in FILLED else args, kwargs))


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def _size(tensor: Tensor) -> int:
    """Bytes of a tensor in memory, which an expanded one has few of."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())
