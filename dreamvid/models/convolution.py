"""A convolution of a network, with what follows it: as plain torch, or by oneDNN on a CPU."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.models import onednn
from dreamvid.models.onednn import NONE, RELU, Activation, Kernel

Pads = tuple[int, int]
"""Zeros before and after."""


def centred(length: int, side: int, stride: int) -> Pads:
    """As Caffe pads."""
    return side // 2, side // 2


def same(length: int, side: int, stride: int) -> Pads:
    """TensorFlow's SAME: the odd pixel of padding goes to the right and the bottom."""
    total = max((-(-length // stride) - 1) * stride + side - length, 0)
    return total // 2, total - total // 2


class Convolution:
    """(N, I, H, W) -> (N, O, rows, columns).

    Args:
        weight: (O, I, k, k), or (O, 1, k, k) of a convolution of each channel by itself.
        pads: (length, k, stride) -> zeros before and after, for either side of a picture.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        stride: int = 1,
        pads: Callable[[int, int, int], Pads] = centred,
    ) -> None:
        self.weight, self.bias, self.stride, self.pads = weight, bias, stride, pads
        self.groups = len(weight) if weight.shape[1] == 1 and len(weight) > 1 else 1
        self._kernels: dict[tuple[Pads, Pads], Kernel] = {}
        self._by_size: dict[tuple[int, int], Kernel] = {}

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "Convolution":
        weight = self.weight.to(device, dtype, memory_format=torch.channels_last)
        return Convolution(weight, self.bias.to(device, dtype), self.stride, self.pads)

    def __call__(self, x: Tensor, activation: Activation = NONE, *, bare: bool = False) -> Tensor:
        """The convolution, and what follows it.

        Args:
            bare: what reads it brings the activation's own slope along; twice is no harm.
        """
        if onednn.takes(x, self.weight):
            return self.kernel(x)(x, activation, bare=bare)
        return activation.plain(self._plain(x))

    def _plain(self, x: Tensor) -> Tensor:
        rows, columns = self._padding(x)
        padding = rows[0], columns[0]
        if rows[0] != rows[1] or columns[0] != columns[1]:
            x, padding = F.pad(x, (*columns, *rows)), (0, 0)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, 1, self.groups)

    def _padding(self, x: Tensor) -> tuple[Pads, Pads]:
        rows, columns = (self.pads(n, self.weight.shape[-1], self.stride) for n in x.shape[-2:])
        return rows, columns

    def kernel(self, x: Tensor) -> Kernel:
        """Uneven padding is made even by taps of weight 0, which costs less than padding does."""
        size = (x.shape[-2], x.shape[-1])
        if size not in self._by_size:
            self._by_size[size] = self._kernel(*self._padding(x))
        return self._by_size[size]

    def _kernel(self, rows: Pads, columns: Pads) -> Kernel:
        found = self._kernels.get((rows, columns))
        if found is None:
            (top, bottom), (left, right) = rows, columns
            weight = F.pad(self.weight, (right - left, 0, bottom - top, 0))
            weight = weight.contiguous(memory_format=torch.channels_last)
            found = Kernel(
                weight,
                self.bias,
                stride=self.stride,
                padding=(bottom, right),
                groups=self.groups,
            )
            self._kernels[rows, columns] = found
        return found


def joined(convs: Sequence[Convolution], *sources: Tensor) -> Tensor:
    """What each makes of its source after a ReLU, one after the other along the channels."""
    pairs = list(zip(convs, sources, strict=True))
    if all(onednn.takes(x, conv.weight) for conv, x in pairs):
        return onednn.joined([conv.kernel(x) for conv, x in pairs], RELU, sources)
    return F.relu(torch.cat([conv(x) for conv, x in pairs], 1), inplace=True)
