"""Convolutions with fixed weights on a CPU, by oneDNN's own operations.

The same values as `F.conv2d` and its gradient, to rounding. It is faster because weights are
reordered once and not at every call, the activation is applied while the result is still in the
processor's cache, and the backward pass keeps only where the activation passed. `convolution.py`
has the reference.
"""

import logging
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers.activation import NONE, Activation
from dreamvid.models.layers.fused import FusedConvolution
from dreamvid.models.layers.kernels import choose, note, optional

relu = optional("dreamvid.models.layers.numba.relu")

FEW_CHANNELS = 4  # oneDNN's gradient at an input of so few is several times slower than need be
MASK_FROM = 2**22  # numbers, from which on a quarter of their memory is worth a pass over them
MAX_LAYOUTS = 16  # of each weight: the octaves of a film, and some more

AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(
    torch.ops.mkldnn, "_convolution_pointwise"
)
# Without AVX-512 (or AVX-NE-CONVERT) oneDNN refuses to reorder weights in bfloat16.
TYPES = (
    (torch.float32, torch.bfloat16)
    if AVAILABLE and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    else (torch.float32,)
)
note("oneDNN", "" if AVAILABLE else "this build of torch has none", logging.INFO)


class OneDnn(FusedConvolution):
    """A convolution whose weights are reordered for the forward and the backward pass."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._layouts: dict[torch.Size, Tensor] = {}  # by the input's shape, latest last

    @staticmethod
    def supports(x: Tensor, weight: Tensor) -> bool:
        """Check that x is on a CPU, of a type oneDNN reorders, and the weights are not trained."""
        fixed = x.dtype == weight.dtype and not weight.requires_grad and x.numel() > 0
        return AVAILABLE and x.device.type == "cpu" and x.dtype in TYPES and fixed

    def forward(self, x: Tensor, activation: Activation) -> Tensor:
        return torch.ops.mkldnn._convolution_pointwise.default(
            x.contiguous(memory_format=torch.channels_last),
            self._reordered(x.shape),
            self.bias,
            self.padding,
            self.stride,
            [1, 1],
            self.groups,
            activation.name,
            activation.arguments,
            "",
        )

    def backward(self, grad_output: Tensor, shape: torch.Size) -> Tensor:
        if self.stride == [1, 1]:
            return self._transposed.forward(grad_output, NONE)
        if self.groups == 1 and shape[1] <= FEW_CHANNELS and self.stride == [2, 2]:
            return self._interleaved(grad_output, shape)
        if grad_output.dtype == torch.bfloat16:  # depthwise convolutions have no fast backward
            return self._in_single.backward(grad_output.float(), shape).to(grad_output.dtype)
        return super().backward(grad_output, shape)

    def saved(self, y: Tensor, activation: Activation) -> Tensor:
        masked = y.numel() > MASK_FROM and choose([relu], y)
        return relu.mask(y, activation.limit) if masked else y

    def activation_backward(
        self, grad_output: Tensor, saved: Tensor, activation: Activation
    ) -> Tensor:
        if saved.dtype != torch.uint8:
            return activation.backward(grad_output, saved)
        return relu.backward(grad_output, saved, 0, saved.shape[1])

    def split_backward(
        self, grad_output: Tensor, saved: Tensor, widths: Sequence[int], activation: Activation
    ) -> Sequence[Tensor]:
        if saved.dtype != torch.uint8:
            return super().split_backward(grad_output, saved, widths, activation)
        starts = accumulate(widths, initial=0)
        pairs = zip(starts, widths, strict=False)  # the last start is the end
        return [relu.backward(grad_output, saved, first, width) for first, width in pairs]

    def output_shape(self, x: torch.Size) -> torch.Size:
        """Shape of the output for an input of shape (N, I, H, W)."""
        rows, columns = (
            (length + 2 * padding - side) // stride + 1
            for length, padding, side, stride in zip(
                x[2:], self.padding, self.weight.shape[2:], self.stride, strict=True
            )
        )
        return torch.Size((x[0], self.outputs, rows, columns))

    def _reordered(self, shape: torch.Size) -> Tensor:
        """Weights in oneDNN's order for an input's shape; in another they cost a copy."""
        weight = self._layouts.pop(shape, None)
        if weight is None:
            weight = torch._C._nn.mkldnn_reorder_conv2d_weight(  # type: ignore[attr-defined]
                self.weight.to_mkldnn(), self.padding, self.stride, [1, 1], self.groups, shape
            )
            for oldest in list(self._layouts)[: 1 - MAX_LAYOUTS]:
                del self._layouts[oldest]
        self._layouts[shape] = weight
        return weight

    @cached_property
    def _in_single(self) -> "OneDnn":
        weight, stride = self.weight.float(), self.stride[0]
        return OneDnn(weight, stride=stride, padding=self.padding, groups=self.groups)

    @cached_property
    def _transposed(self) -> "OneDnn":
        """The convolution that is the backward pass of this one of stride 1."""
        weight = self.weight.flip(2, 3)
        if self.groups == 1:
            weight = weight.transpose(0, 1)
        padding = [k - 1 - p for k, p in zip(weight.shape[2:], self.padding, strict=True)]
        weight = weight.contiguous(memory_format=torch.channels_last)
        return OneDnn(weight, padding=padding, groups=self.groups)

    def _interleaved(self, grad_output: Tensor, shape: torch.Size) -> Tensor:
        """Backward pass of stride 2: one small convolution for each of a 2x2 block of pixels."""
        batch, channels, height, width = shape
        conv, (top, left) = self._quarters
        rows, columns = grad_output.shape[2:]
        blocks = conv.forward(grad_output, NONE)[..., top : top + rows, left : left + columns]
        quarters = blocks.permute(0, 2, 3, 1).unflatten(-1, (2, 2 * channels))
        whole = quarters.transpose(2, 3).reshape(batch, 2 * rows, 2 * columns, channels)
        return whole[:, :height, :width].permute(0, 3, 1, 2)

    @cached_property
    def _quarters(self) -> tuple["OneDnn", tuple[int, int]]:
        """Convolution to (row, column, channel) of 2x2 pixels, and where its output begins.

        Pixel 2i + e was read by the outputs i + d through the tap e + padding - 2d.
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
