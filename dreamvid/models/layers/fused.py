"""Convolutions with fixed weights and what follows them, as one operation of a network.

What does one, there and back, is a Kernel: `onednn.py` has those for CPUs, `cudnn.py` those for
NVIDIA's GPUs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers.activation import NONE, Activation


class Kernel(ABC):
    """A convolution: (N, I, H, W) -> (N, O, rows, columns), both channels last.

    Args:
        weight: (O, I, k, l), or (O, 1, k, l) of a convolution of each channel by itself.
        padding: zeros above and below, left and right.
        groups: O of a convolution of each channel by itself, else 1.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        stride: int = 1,
        padding: Sequence[int],
        groups: int = 1,
    ) -> None:
        self.weight, self.bias, self.groups = weight.detach(), bias, groups
        self.stride, self.padding, self.outputs = [stride, stride], list(padding), len(weight)

    @abstractmethod
    def forward(self, x: Tensor, activation: Activation) -> Tensor: ...

    def backward(self, slope: Tensor, shape: torch.Size) -> Tensor:
        """The slope at the convolution's result -> that at an input of this shape."""
        # Only the input's shape is looked at; its memory is never touched.
        last = torch.channels_last
        like = torch.empty(shape, dtype=slope.dtype, device=slope.device, memory_format=last)
        return torch.ops.aten.convolution_backward.default(
            slope.contiguous(memory_format=last),
            like,
            self.weight,
            None,
            self.stride,
            self.padding,
            [1, 1],
            False,
            [0, 0],
            self.groups,
            [True, False, False],
        )[0]

    def kept(self, y: Tensor, activation: Activation) -> Tensor:
        """What of an activation's result its way back needs."""
        return y

    def before(self, slope: Tensor, kept: Tensor, activation: Activation) -> Tensor:
        """The slope at what an activation made -> that before it."""
        return activation.back(slope, kept)

    def joined(
        self, kernels: Sequence[Any], activation: Activation, sources: Sequence[Tensor]
    ) -> Tensor:
        """What several of a kind make, one after the other along the channels."""
        parts = [k.forward(x, activation) for k, x in zip(kernels, sources, strict=True)]
        return torch.cat(parts, 1)

    def parted(
        self, slope: Tensor, kept: Tensor, widths: Sequence[int], activation: Activation
    ) -> Sequence[Tensor]:
        """The slope at what `joined` has made -> that before each one's activation."""
        pairs = zip(slope.split(widths, 1), kept.split(widths, 1), strict=True)
        return [activation.back(part, result) for part, result in pairs]

    def __call__(self, x: Tensor, activation: Activation = NONE, *, bare: bool = False) -> Tensor:
        """With its way back.

        Args:
            bare: what reads it brings the activation's own slope along.
        """
        return _Convolve.apply(x, self, activation, bare)


def joined(kernels: Sequence[Kernel], activation: Activation, sources: Sequence[Tensor]) -> Tensor:
    """Several convolutions side by side in the channels; their results are kept once."""
    return _Join.apply(kernels, activation, *sources)


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Kernel, activation: Activation, bare: bool) -> Tensor:
        y = kernel.forward(x, activation)
        ctx.kernel, ctx.shape, ctx.activation = kernel, x.shape, NONE if bare else activation
        if ctx.activation is not NONE:
            ctx.save_for_backward(kernel.kept(y, activation))
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = grad_outputs
        if ctx.activation is not NONE:
            slope = ctx.kernel.before(slope, *ctx.saved_tensors, ctx.activation)
        return ctx.kernel.backward(slope, ctx.shape), None, None, None


class _Join(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, kernels: Sequence[Kernel], activation: Activation, *sources: Tensor
    ) -> Tensor:
        y = kernels[0].joined(kernels, activation, sources)
        ctx.kernels, ctx.activation = kernels, activation
        ctx.shapes = [x.shape for x in sources]
        ctx.save_for_backward(kernels[0].kept(y, activation))
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (kept,) = grad_outputs, ctx.saved_tensors
        widths = [kernel.outputs for kernel in ctx.kernels]
        slopes = ctx.kernels[0].parted(slope, kept, widths, ctx.activation)
        back = zip(ctx.kernels, slopes, ctx.shapes, strict=True)
        return None, None, *(kernel.backward(part, shape) for kernel, part, shape in back)
