"""Activations that follow the convolutions of the networks."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """An activation whose gradient can be told from its output."""

    name: str  # oneDNN's
    arguments: tuple[float, ...]  # oneDNN's
    limit: float  # largest output
    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]  # (grad_output, output) -> grad_input


_relu_backward = lambda grad, y: aten.threshold_backward.default(grad, y, 0)
_relu6_backward = lambda grad, y: aten.hardtanh_backward.default(grad, y, 0, 6)

NONE = Activation("none", (), torch.inf, lambda x: x, lambda grad, _: grad)
RELU = Activation("relu", (), torch.inf, F.relu, _relu_backward)
RELU6 = Activation("hardtanh", (0.0, 6.0), 6.0, F.relu6, _relu6_backward)
