"""What follows a convolution in the networks that are dreamed with."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """What follows a convolution; each is known from its result where its slope is 0."""

    name: str  # oneDNN's
    limits: tuple[float, ...]  # oneDNN's
    most: float  # it keeps between 0 and this
    plain: Callable[[Tensor], Tensor]
    back: Callable[[Tensor, Tensor], Tensor]  # (slope, result) -> slope before it


_behind_relu = lambda slope, y: aten.threshold_backward.default(slope, y, 0)
_behind_relu6 = lambda slope, y: aten.hardtanh_backward.default(slope, y, 0, 6)

NONE = Activation("none", (), torch.inf, lambda x: x, lambda slope, _: slope)
RELU = Activation("relu", (), torch.inf, F.relu, _behind_relu)
RELU6 = Activation("hardtanh", (0.0, 6.0), 6.0, F.relu6, _behind_relu6)
