"""Convolutions with fixed weights on a CPU, by oneDNN's own operations.

The same values as `F.conv2d` and its gradient, to rounding. What is saved: weights are laid out
once and not at every call, the activation is applied while the result is still in the processor's
cache, and the way back keeps nothing but what tells where that has passed. `convolution.py` has the
plain version.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, cast

import torch
from torch import Tensor

from dreamvid.models.layers.activation import NONE, Activation
from dreamvid.models.layers.fused import Kernel
from dreamvid.models.layers.reference_mode import in_reference_mode

try:
    from dreamvid.models.layers.numba import relu as native
except ImportError:  # numba waits for each new NumPy and Python
    native = cast(Any, None)

FEW = 4  # input channels: oneDNN's way back to so few is several times slower than need be
MANY = 2**22  # numbers, from which on a quarter of their memory is worth a pass over them
LAYOUTS = 16  # kept of each weight: the octaves of a film, and some more
LAID_OUT = (torch.float32, torch.bfloat16)

AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(
    torch.ops.mkldnn, "_convolution_pointwise"
)


def takes(x: Tensor, weight: Tensor) -> bool:
    """Whether this is work for oneDNN: on a CPU, with weights that nobody trains."""
    return (
        not in_reference_mode()
        and x.device.type == "cpu"
        and x.dtype in LAID_OUT
        and x.dtype == weight.dtype
        and not weight.requires_grad
        and x.numel() > 0
        and AVAILABLE
    )


class OneDnn(Kernel):
    """A convolution's weights, laid out for the way there and the way back."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._layouts: dict[torch.Size, Tensor] = {}  # by the input's shape, latest last

    def forward(self, x: Tensor, activation: Activation) -> Tensor:
        return torch.ops.mkldnn._convolution_pointwise.default(
            x.contiguous(memory_format=torch.channels_last),
            self._laid_out(x.shape),
            self.bias,
            self.padding,
            self.stride,
            [1, 1],
            self.groups,
            activation.name,
            activation.limits,
            "",
        )

    def backward(self, slope: Tensor, shape: torch.Size) -> Tensor:
        """The slope at the result -> that at an input of this shape."""
        if self.stride == [1, 1]:
            return self._turned.forward(slope, NONE)
        if self.groups == 1 and shape[1] <= FEW and self.stride == [2, 2]:
            return self._interleaved(slope, shape)
        if slope.dtype == torch.bfloat16:  # there is no fast way back of each channel by itself
            return self._in_single.backward(slope.float(), shape).to(slope.dtype)
        return super().backward(slope, shape)

    def kept(self, y: Tensor, activation: Activation) -> Tensor:
        many = y.numel() > MANY and native and native.takes(y)
        return native.passed(y, activation.most) if many else y

    def before(self, slope: Tensor, kept: Tensor, activation: Activation) -> Tensor:
        if kept.dtype != torch.uint8:
            return activation.back(slope, kept)
        return native.before(slope, kept, 0, kept.shape[1])

    def parted(
        self, slope: Tensor, kept: Tensor, widths: Sequence[int], activation: Activation
    ) -> Sequence[Tensor]:
        if kept.dtype != torch.uint8:
            return super().parted(slope, kept, widths, activation)
        starts = accumulate(widths, initial=0)
        pairs = zip(starts, widths, strict=False)  # it ends with where the last one does
        return [native.before(slope, kept, first, width) for first, width in pairs]

    def shape(self, x: torch.Size) -> torch.Size:
        """Of the result, by that of the input."""
        rows, columns = (
            (length + 2 * padding - side) // stride + 1
            for length, padding, side, stride in zip(
                x[2:], self.padding, self.weight.shape[2:], self.stride, strict=True
            )
        )
        return torch.Size((x[0], self.outputs, rows, columns))

    def _laid_out(self, shape: torch.Size) -> Tensor:
        """The weights as oneDNN wants them for this input; in another order they cost a copy."""
        found = self._layouts.pop(shape, None)
        if found is None:
            found = torch._C._nn.mkldnn_reorder_conv2d_weight(  # type: ignore[attr-defined]
                self.weight.to_mkldnn(), self.padding, self.stride, [1, 1], self.groups, shape
            )
            for oldest in list(self._layouts)[: 1 - LAYOUTS]:
                del self._layouts[oldest]
        self._layouts[shape] = found
        return found

    @cached_property
    def _in_single(self) -> "OneDnn":
        weight, stride = self.weight.float(), self.stride[0]
        return OneDnn(weight, stride=stride, padding=self.padding, groups=self.groups)

    @cached_property
    def _turned(self) -> "OneDnn":
        """The convolution that is this one's way back, where the stride is 1."""
        weight = self.weight.flip(2, 3)
        if self.groups == 1:
            weight = weight.transpose(0, 1)
        padding = [k - 1 - p for k, p in zip(weight.shape[2:], self.padding, strict=True)]
        weight = weight.contiguous(memory_format=torch.channels_last)
        return OneDnn(weight, padding=padding, groups=self.groups)

    def _interleaved(self, slope: Tensor, shape: torch.Size) -> Tensor:
        """The way back of stride 2: each of four pixels has a small convolution of its own."""
        batch, channels, height, width = shape
        kernel, (top, left) = self._quarters
        rows, columns = slope.shape[2:]
        found = kernel.forward(slope, NONE)[..., top : top + rows, left : left + columns]
        quarters = found.permute(0, 2, 3, 1).unflatten(-1, (2, 2 * channels))
        whole = quarters.transpose(2, 3).reshape(batch, 2 * rows, 2 * columns, channels)
        return whole[:, :height, :width].permute(0, 3, 1, 2)

    @cached_property
    def _quarters(self) -> tuple["OneDnn", tuple[int, int]]:
        """That convolution to (row, column, channel) of four pixels, and where its results begin.

        Pixel 2i + e was read by the results i + d through the tap e + padding - 2d.
        """
        outputs, channels, *sides = self.weight.shape
        first = [-((k - 1 - p) // 2) for k, p in zip(sides, self.padding, strict=True)]
        last = [(1 + p) // 2 for p in self.padding]
        padding = [max(-low, high) for low, high in zip(first, last, strict=True)]
        taps = [high - low + 1 for low, high in zip(first, last, strict=True)]
        weight = self.weight.new_zeros(2, 2, channels, outputs, *taps)
        for e, f, row, column in torch.cartesian_prod(*map(torch.arange, (2, 2, *taps))).tolist():
            u = e + self.padding[0] - 2 * (row + first[0])
            v = f + self.padding[1] - 2 * (column + first[1])
            if 0 <= u < sides[0] and 0 <= v < sides[1]:
                weight[e, f, :, :, row, column] = self.weight[:, :, u, v].T
        flat = weight.flatten(0, 2).contiguous(memory_format=torch.channels_last)
        starts = padding[0] + first[0], padding[1] + first[1]
        return OneDnn(flat, padding=padding), starts
