"""Convolutions with fixed weights, fused with the activation and concatenation that follow.

`onednn.py` has them for CPUs, `cudnn.py` for NVIDIA GPUs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers.activation import NONE, Activation
from dreamvid.models.layers.kernels import empty


class FusedConvolution(ABC):
    """A convolution (N, I, H, W) -> (N, O, rows, columns), both channels last.

    Args:
        weight: (O, I, k, l), or (O, 1, k, l) of a depthwise convolution.
        padding: zeros above and below, left and right.
        groups: O of a depthwise convolution, else 1.
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

    def backward(self, grad_output: Tensor, shape: torch.Size) -> Tensor:
        """Gradient of the convolution alone, at an input of the given shape."""
        # Only the input's shape is read; its memory is never touched.
        return torch.ops.aten.convolution_backward.default(
            grad_output.contiguous(memory_format=torch.channels_last),
            empty(shape, grad_output),
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

    def saved(self, y: Tensor, activation: Activation) -> Tensor:
        """Tensor that the activation's backward pass needs of its output."""
        return y

    def activation_backward(
        self, grad_output: Tensor, saved: Tensor, activation: Activation
    ) -> Tensor:
        """Gradient before the activation."""
        return activation.backward(grad_output, saved)

    def concat(
        self, convs: Sequence[Any], activation: Activation, inputs: Sequence[Tensor]
    ) -> Tensor:
        """Run several convolutions of this class, each with its input; concatenate the outputs."""
        parts = [conv.forward(x, activation) for conv, x in zip(convs, inputs, strict=True)]
        return torch.cat(parts, 1)

    def split_backward(
        self, grad_output: Tensor, saved: Tensor, widths: Sequence[int], activation: Activation
    ) -> Sequence[Tensor]:
        """Split the gradient at `concat`'s output into those before each part's activation."""
        pairs = zip(grad_output.split(widths, 1), saved.split(widths, 1), strict=True)
        return [activation.backward(grad, y) for grad, y in pairs]

    def __call__(self, x: Tensor, activation: Activation = NONE, *, linear: bool = False) -> Tensor:
        """Run it, differentiably.

        Args:
            linear: leave the activation's backward pass to the operation that follows.
        """
        return _Convolve.apply(x, self, activation, linear)


def concat(
    convs: Sequence[FusedConvolution], activation: Activation, inputs: Sequence[Tensor]
) -> Tensor:
    """Run several convolutions and concatenate their outputs, which are kept only once."""
    return _Concat.apply(convs, activation, *inputs)


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, conv: FusedConvolution, activation: Activation, linear: bool
    ) -> Tensor:
        y = conv.forward(x, activation)
        ctx.conv, ctx.shape, ctx.activation = conv, x.shape, NONE if linear else activation
        if ctx.activation is not NONE:
            ctx.save_for_backward(conv.saved(y, activation))
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None, None]:
        (grad,) = grad_outputs
        if ctx.activation is not NONE:
            grad = ctx.conv.activation_backward(grad, *ctx.saved_tensors, ctx.activation)
        return ctx.conv.backward(grad, ctx.shape), None, None, None


class _Concat(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, convs: Sequence[FusedConvolution], activation: Activation, *inputs: Tensor
    ) -> Tensor:
        y = convs[0].concat(convs, activation, inputs)
        ctx.convs, ctx.activation = convs, activation
        ctx.shapes = [x.shape for x in inputs]
        ctx.save_for_backward(convs[0].saved(y, activation))
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        (grad_output,), (saved,) = grad_outputs, ctx.saved_tensors
        widths = [conv.outputs for conv in ctx.convs]
        grads = ctx.convs[0].split_backward(grad_output, saved, widths, ctx.activation)
        parts = zip(ctx.convs, grads, ctx.shapes, strict=True)
        return None, None, *(conv.backward(grad, shape) for conv, grad, shape in parts)
