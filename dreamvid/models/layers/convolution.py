"""Convolutions of a network with the activation that follows, in plain torch or fused."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.models.layers import fused
from dreamvid.models.layers.activation import NONE, RELU, Activation
from dreamvid.models.layers.cudnn import CuDnn
from dreamvid.models.layers.fused import FusedConvolution
from dreamvid.models.layers.kernels import choose
from dreamvid.models.layers.onednn import OneDnn

KERNELS = [OneDnn, CuDnn]

Pads = tuple[int, int]
"""Zeros before and after."""


def centred(length: int, side: int, stride: int) -> Pads:
    """Pad as Caffe does."""
    return side // 2, side // 2


def same(length: int, side: int, stride: int) -> Pads:
    """Pad as TensorFlow's SAME does: an odd pixel goes to the right and the bottom."""
    total = max((-(-length // stride) - 1) * stride + side - length, 0)
    return total // 2, total - total // 2


class Convolution:
    """A convolution (N, I, H, W) -> (N, O, rows, columns).

    Args:
        weight: (O, I, k, k), or (O, 1, k, k) of a depthwise convolution.
        pads: (length, k, stride) -> zeros before and after, for either side of an image.
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
        self._by_pads: dict[tuple[Pads, Pads], FusedConvolution | None] = {}
        self._by_size: dict[tuple[int, int], FusedConvolution | None] = {}

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "Convolution":
        weight = self.weight.to(device, dtype, memory_format=torch.channels_last)
        return Convolution(weight, self.bias.to(device, dtype), self.stride, self.pads)

    def __call__(self, x: Tensor, activation: Activation = NONE, *, linear: bool = False) -> Tensor:
        """Convolve, then apply an activation; `linear` as for `FusedConvolution`."""
        conv = self.fused(x)
        if conv is not None:
            return conv(x, activation, linear=linear)
        return activation.forward(self._reference(x))

    def fused(self, x: Tensor) -> FusedConvolution | None:
        """Fused convolution for an input; None where plain torch computes it."""
        kind = choose(KERNELS, x, self.weight)
        if kind is None:
            return None
        size = (x.shape[-2], x.shape[-1])
        if size not in self._by_size:
            pads = self._padding(x)
            if pads not in self._by_pads:
                self._by_pads[pads] = (self._onednn if kind is OneDnn else self._cudnn)(*pads)
            self._by_size[size] = self._by_pads[pads]
        return self._by_size[size]

    def _reference(self, x: Tensor) -> Tensor:
        rows, columns = self._padding(x)
        padding = rows[0], columns[0]
        if rows[0] != rows[1] or columns[0] != columns[1]:
            x, padding = F.pad(x, (*columns, *rows)), (0, 0)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, 1, self.groups)

    def _padding(self, x: Tensor) -> tuple[Pads, Pads]:
        rows, columns = (self.pads(n, self.weight.shape[-1], self.stride) for n in x.shape[-2:])
        return rows, columns

    def _onednn(self, rows: Pads, columns: Pads) -> FusedConvolution:
        """Uneven padding is made even by taps of weight 0, which cost less than padding does."""
        (top, bottom), (left, right) = rows, columns
        weight = F.pad(self.weight, (right - left, 0, bottom - top, 0))
        weight = weight.contiguous(memory_format=torch.channels_last)
        geometry = {"stride": self.stride, "padding": (bottom, right), "groups": self.groups}
        return OneDnn(weight, self.bias, **geometry)

    def _cudnn(self, rows: Pads, columns: Pads) -> FusedConvolution | None:
        (top, bottom), (left, right) = rows, columns
        if (top, left) != (bottom, right):
            return None
        geometry = {"stride": self.stride, "padding": (top, left), "groups": self.groups}
        return CuDnn(self.weight, self.bias, **geometry)


def concat(convs: Sequence[Convolution], *inputs: Tensor) -> Tensor:
    """Run each convolution with its input; concatenate the outputs, after a ReLU, by channels."""
    pairs = list(zip(convs, inputs, strict=True))
    known = [kernel for conv, x in pairs if (kernel := conv.fused(x)) is not None]
    if len(known) == len(pairs):
        return fused.concat(known, RELU, inputs)
    return F.relu(torch.cat([conv(x) for conv, x in pairs], 1), inplace=True)
