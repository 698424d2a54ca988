"""3x3 max pooling that keeps only the position of each maximum for its backward pass."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.models.layers.kernels import choose, empty, optional
from dreamvid.models.layers.reference_mode import in_reference_mode
from dreamvid.models.layers.windows import SIDE

KERNELS = [
    optional("dreamvid.models.layers.numba.pool"),
    optional("dreamvid.models.layers.triton.pool"),
]
WINDOWS = {1: (1, False), 2: (0, True)}  # stride: padding and ceil_mode, as in Caffe
LONG_INDICES = 2**22  # from so many on, halving their memory is worth two passes over them

aten = torch.ops.aten


def max_pool(x: Tensor, stride: int, *, relu: bool = False) -> Tensor:
    """Pool (N, C, H, W) to the same size (stride 1) or half of it, rounded up (stride 2).

    Args:
        relu: apply a ReLU too. It commutes with the maximum, and has less to do after it.
    """
    if kernel := choose(KERNELS, x):
        return _KernelMaxPool.apply(kernel, x, stride, relu)
    if in_reference_mode():
        padding, ceil_mode = WINDOWS[stride]
        y = F.max_pool2d(x, SIDE, stride, padding, 1, ceil_mode)
    else:
        y = _TorchMaxPool.apply(x, stride)
    return F.relu(y) if relu else y


class _KernelMaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kernel: Any, x: Tensor, stride: int, relu: bool) -> Tensor:
        y, indices = kernel.forward(x, stride, *WINDOWS[stride], relu)
        ctx.save_for_backward(indices)
        ctx.kernel, ctx.shape, ctx.stride = kernel, x.shape, stride
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[None, Tensor, None, None]:
        (grad_output,), (indices,) = grad_outputs, ctx.saved_tensors
        padding, _ = WINDOWS[ctx.stride]
        grad_input = ctx.kernel.backward(grad_output, indices, ctx.shape, ctx.stride, padding)
        return None, grad_input, None, None


class _TorchMaxPool(torch.autograd.Function):
    """torch's max pool without its input and 8-byte indices kept: a third of the memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, stride: int) -> Tensor:
        padding, ceil_mode = WINDOWS[stride]
        window = ([SIDE, SIDE], [stride, stride], [padding, padding], [1, 1], ceil_mode)
        y, indices = aten.max_pool2d_with_indices.default(x, *window)
        short = y.numel() > LONG_INDICES and x.shape[-2] * x.shape[-1] < 2**31
        ctx.save_for_backward(indices.to(torch.int32) if short else indices)
        ctx.window, ctx.shape = window, x.shape
        return y

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (grad_output,), (indices,) = grad_outputs, ctx.saved_tensors
        # Only the input's shape is read; its memory is never touched.
        like = empty(ctx.shape, grad_output)
        backward = aten.max_pool2d_with_indices_backward.default
        return backward(grad_output, like, *ctx.window, indices.to(torch.int64)), None
