"""A convolution of a network, with what follows it: as plain torch, or in few passes."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.models.layers import cudnn, fused, onednn
from dreamvid.models.layers.activation import NONE, RELU, Activation
from dreamvid.models.layers.cudnn import CuDnn
from dreamvid.models.layers.fused import Kernel
from dreamvid.models.layers.onednn import OneDnn

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
        self._kernels: dict[tuple[Pads, Pads], Kernel | None] = {}
        self._by_size: dict[tuple[int, int], Kernel | None] = {}

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "Convolution":
        weight = self.weight.to(device, dtype, memory_format=torch.channels_last)
        return Convolution(weight, self.bias.to(device, dtype), self.stride, self.pads)

    def __call__(self, x: Tensor, activation: Activation = NONE, *, bare: bool = False) -> Tensor:
        """The convolution, and what follows it.

        Args:
            bare: what reads it brings the activation's own slope along; twice is no harm.
        """
        kernel = self.kernel(x)
        if kernel is not None:
            return kernel(x, activation, bare=bare)
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

    def kernel(self, x: Tensor) -> Kernel | None:
        """What does this for such an input in few passes; None: the plain way."""
        if onednn.takes(x, self.weight):
            return self._for_size(x, self._even)
        if cudnn.takes(x, self.weight):
            return self._for_size(x, self._on_gpu)
        return None

    def _for_size(self, x: Tensor, make: Callable[[Pads, Pads], Kernel | None]) -> Kernel | None:
        size = (x.shape[-2], x.shape[-1])
        if size not in self._by_size:
            pads = self._padding(x)
            if pads not in self._kernels:
                self._kernels[pads] = make(*pads)
            self._by_size[size] = self._kernels[pads]
        return self._by_size[size]

    def _even(self, rows: Pads, columns: Pads) -> Kernel:
        """Uneven padding is made even by taps of weight 0, which costs less than padding does."""
        (top, bottom), (left, right) = rows, columns
        weight = F.pad(self.weight, (right - left, 0, bottom - top, 0))
        weight = weight.contiguous(memory_format=torch.channels_last)
        how = {"stride": self.stride, "padding": (bottom, right), "groups": self.groups}
        return OneDnn(weight, self.bias, **how)

    def _on_gpu(self, rows: Pads, columns: Pads) -> Kernel | None:
        (top, bottom), (left, right) = rows, columns
        if (top, left) != (bottom, right):
            return None
        how = {"stride": self.stride, "padding": (top, left), "groups": self.groups}
        return CuDnn(self.weight, self.bias, **how)


def joined(convs: Sequence[Convolution], *sources: Tensor) -> Tensor:
    """What each makes of its source after a ReLU, one after the other along the channels."""
    kernels = [conv.kernel(x) for conv, x in zip(convs, sources, strict=True)]
    known = [kernel for kernel in kernels if kernel is not None]
    if len(known) == len(kernels):
        return fused.joined(known, RELU, sources)
    pairs = zip(convs, sources, strict=True)
    return F.relu(torch.cat([conv(x) for conv, x in pairs], 1), inplace=True)
