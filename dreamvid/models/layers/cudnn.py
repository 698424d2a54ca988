"""Convolutions with fixed weights on an NVIDIA GPU: cuDNN's, and one pass for all that follows.

`convolution.py` has the reference.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.models.layers.activation import NONE, Activation
from dreamvid.models.layers.fused import FusedConvolution
from dreamvid.models.layers.kernels import empty, optional

relu = optional("dreamvid.models.layers.triton.relu")


class CuDnn(FusedConvolution):
    """A convolution by the algorithm that torch chooses among cuDNN's."""

    @staticmethod
    def supports(x: Tensor, weight: Tensor) -> bool:
        """Check that x is on a GPU and the weights are not being trained."""
        fixed = x.dtype == weight.dtype and not weight.requires_grad and x.numel() > 0
        return fixed and relu is not None and relu.supports(x)

    def forward(self, x: Tensor, activation: Activation) -> Tensor:
        if activation is NONE:
            return self._convolve(x, self.bias)
        y = self._convolve(x).contiguous(memory_format=torch.channels_last)
        relu.bias_relu(y, self._bias, y, 0, activation.limit)
        return y

    def activation_backward(
        self, grad_output: Tensor, saved: Tensor, activation: Activation
    ) -> Tensor:
        return relu.backward(grad_output, saved, 0, saved.shape[1], activation.limit)

    def concat(
        self, convs: Sequence["CuDnn"], activation: Activation, inputs: Sequence[Tensor]
    ) -> Tensor:
        parts = [conv._convolve(x) for conv, x in zip(convs, inputs, strict=True)]
        batch, _, height, width = parts[0].shape
        y = empty((batch, sum(conv.outputs for conv in convs), height, width), parts[0])
        first = 0
        for conv, part in zip(convs, parts, strict=True):
            relu.bias_relu(part, conv._bias, y, first, activation.limit)
            first += conv.outputs
        return y

    def split_backward(
        self, grad_output: Tensor, saved: Tensor, widths: Sequence[int], activation: Activation
    ) -> Sequence[Tensor]:
        starts = [sum(widths[:number]) for number in range(len(widths))]
        pairs = zip(starts, widths, strict=True)
        limit = activation.limit
        return [relu.backward(grad_output, saved, *pair, limit) for pair in pairs]

    @property
    def _bias(self) -> Tensor:
        assert self.bias is not None  # all convolutions of networks have one
        return self.bias

    def _convolve(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.conv2d(x, self.weight, bias, self.stride, self.padding, 1, self.groups)
