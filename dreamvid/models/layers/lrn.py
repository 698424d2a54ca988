"""Local response normalisation inside a network, by the fastest kernel there is.

torch's `local_response_norm` gives the same values through a 3-D average pool and `pow`, at
several times the cost.
"""

from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers import lrn_reference
from dreamvid.models.layers.kernels import choose, optional

KERNELS = [
    optional("dreamvid.models.layers.numba.lrn"),
    optional("dreamvid.models.layers.triton.lrn"),
]


def lrn(x: Tensor, *, after_relu: bool = False) -> Tensor:
    """Normalise (N, C, H, W) across channels.

    Args:
        after_relu: x is the output of a ReLU, whose backward pass is included in this one's.
    """
    return _Lrn.apply(x, after_relu)


class _Lrn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, after_relu: bool) -> Tensor:
        ctx.save_for_backward(x)
        kernel = choose(KERNELS, x) or lrn_reference
        ctx.kernel, ctx.after_relu = kernel, after_relu
        return kernel.forward(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (grad_output,), (x,) = grad_outputs, ctx.saved_tensors
        return ctx.kernel.backward(grad_output, x, ctx.after_relu), None
