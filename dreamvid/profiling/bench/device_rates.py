"""Rates of a device: matrix products and copies."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dreamvid.profiling.bench.clock import seconds

CPU_SIDE = 2048  # rows and columns of the matrices
GPU_SIDE = 8192  # fills the largest GPU
COPIED = 2**27  # bytes, beyond any cache


class Rates:
    """Measures a device, with memory that is allocated once."""

    def __init__(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self.device = device
        side = CPU_SIDE if device.type == "cpu" else GPU_SIDE
        self._matrix = torch.rand(side, side, device=device, dtype=dtype)
        self._product = torch.empty_like(self._matrix)
        self._from = torch.rand(COPIED // 4, device=device)
        self._to = torch.empty_like(self._from)
        self.matrix()  # the first run is slow
        self.copy()

    def matrix(self) -> float:
        """Floating-point operations a second of a matrix product.

        On CUDA float32 products use the precision of convolutions: TF32 where it is allowed.
        """

        def multiply() -> None:
            torch.mm(self._matrix, self._matrix, out=self._product)

        with _like_convolutions():
            return 2 * len(self._matrix) ** 3 / seconds(multiply, self.device)

    def copy(self) -> float:
        """Bytes a second of a copy, reads and writes both counted."""
        return 2 * COPIED / seconds(lambda: self._to.copy_(self._from), self.device)


@contextmanager
def _like_convolutions() -> Iterator[None]:
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
