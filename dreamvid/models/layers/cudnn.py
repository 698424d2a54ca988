"""Convolutions with fixed weights on an NVIDIA GPU: cuDNN's, and one pass for all that follows.

`convolution.py` has the plain version.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.models.layers import relu_triton as rectify_triton
from dreamvid.models.layers.activation import NONE, Activation
from dreamvid.models.layers.fused import Kernel


def takes(x: Tensor, weight: Tensor) -> bool:
    """Whether this is work for it: on a GPU, with weights that nobody trains."""
    known = x.dtype == weight.dtype and not weight.requires_grad and x.numel() > 0
    return known and rectify_triton.takes(x)


class CuDnn(Kernel):
    """A convolution, by torch's choice among cuDNN's."""

    def forward(self, x: Tensor, activation: Activation) -> Tensor:
        if activation is NONE:
            return self._bare(x, self.bias)
        y = self._bare(x).contiguous(memory_format=torch.channels_last)
        rectify_triton.rectify(y, self._added, y, 0, activation.most)
        return y

    def before(self, slope: Tensor, kept: Tensor, activation: Activation) -> Tensor:
        return rectify_triton.slope_before(slope, kept, 0, kept.shape[1], activation.most)

    def joined(
        self, kernels: Sequence["CuDnn"], activation: Activation, sources: Sequence[Tensor]
    ) -> Tensor:
        parts = [kernel._bare(x) for kernel, x in zip(kernels, sources, strict=True)]
        batch, _, height, width = parts[0].shape
        shape = batch, sum(kernel.outputs for kernel in kernels), height, width
        like = {"dtype": parts[0].dtype, "device": parts[0].device}
        y = torch.empty(shape, **like, memory_format=torch.channels_last)
        first = 0
        for kernel, part in zip(kernels, parts, strict=True):
            rectify_triton.rectify(part, kernel._added, y, first, activation.most)
            first += kernel.outputs
        return y

    def parted(
        self, slope: Tensor, kept: Tensor, widths: Sequence[int], activation: Activation
    ) -> Sequence[Tensor]:
        found, first = [], 0
        for width in widths:
            part = rectify_triton.slope_before(slope, kept, first, width, activation.most)
            found.append(part)
            first += width
        return found

    @property
    def _added(self) -> Tensor:
        assert self.bias is not None  # all convolutions of networks have one
        return self.bias

    def _bare(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.conv2d(x, self.weight, bias, self.stride, self.padding, 1, self.groups)
