"""What a piece of work costs at least: the arithmetic and the bytes of each of its operations.

Operations are counted as they run, from the shapes they really have. The floor is that of the
roofline model (Williams, Waterman and Patterson, 2009): an operation takes its arithmetic at the
rate of a matrix product or its bytes at the bandwidth of a copy, whichever is longer. It is the
floor of the plain operations one after another, not of all ways to dream: fused ones move less,
what fits into a processor's cache moves faster than a large copy, and a library's convolutions
may beat its matrix products. Then more than all of the floor is reached.
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
    flops: int  # of convolutions and matrix products, a multiply-add being two; else 0
    bytes: int  # read and written, each tensor once


@dataclass(frozen=True)
class Work:
    operations: tuple[Operation, ...]

    @property
    def flops(self) -> int:
        return sum(op.flops for op in self.operations)

    @property
    def other_bytes(self) -> int:
        """Moved by all that is not a convolution or a matrix product."""
        return sum(op.bytes for op in self.operations if not op.flops)

    def floor(self, matrix_rate: float, bandwidth: float) -> float:
        """Seconds.

        Args:
            matrix_rate: floating-point operations a second.
            bandwidth: bytes a second.
        """
        return sum(max(op.flops / matrix_rate, op.bytes / bandwidth) for op in self.operations)


def work_of(run: Callable[[], object]) -> Work:
    """Runs it once, the plain way, and counts; views, which cost nothing, are left out."""
    with reference_mode(), _Counter() as counter:
        run()
    return Work(tuple(counter.found))


class _Counter(TorchDispatchMode):
    """Sees every operation below autograd, so those of the way back too."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Operation] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        kind = func.overloadpacket
        if kind in BLANK or _is_view(func, args, made):
            return made
        formula = flop_registry.get(kind)
        flops = int(formula(*args, **kwargs, out_val=made)) if formula else 0
        moved = sum(map(_size, [*_read(kind, args, kwargs), *_tensors(made)]))
        if flops or moved:
            self.found.append(Operation(str(kind), flops, moved))
        return made


def _is_view(func: Any, args: tuple, made: Any) -> bool:
    """Whether an operation only looks at memory that is there."""
    given = {tensor.untyped_storage().data_ptr() for tensor in _tensors(args)}
    same = [tensor.untyped_storage().data_ptr() in given for tensor in _tensors(made)]
    return not func._schema.is_mutable and bool(same) and all(same)


def _read(kind: Any, args: tuple, kwargs: dict[str, Any]) -> Iterator[Tensor]:
    if kind is aten.convolution_backward:
        slope, seen, weight, *_, (_, wants_weight, _) = args
        yield from (slope, weight, seen) if wants_weight else (slope, weight)
    else:
        yield from _tensors((args[1:] if kind in FILLED else args, kwargs))


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def _size(tensor: Tensor) -> int:
    """Bytes; of a number that was spread over a shape, those in memory."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())
