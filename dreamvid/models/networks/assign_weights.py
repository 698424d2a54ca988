"""Assignment of weights to torchvision's networks, without a second copy in memory."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dreamvid.errors import ModelError


def parameters_of(skeleton: nn.Module) -> frozenset[str]:
    """Names of the arrays that a weight file of this network must have."""
    state = skeleton.state_dict()
    return frozenset(key for key in state if not key.endswith("num_batches_tracked"))


def assign(module: nn.Module, weights: Mapping[str, Tensor], *, name: str) -> None:
    """Set a network's weights, for inference only.

    Raises ModelError if they are another network's.
    """
    expected = module.state_dict()
    for key in parameters_of(module):
        if key not in weights or weights[key].shape != expected[key].shape:
            raise ModelError(f"not torchvision's {name}: {key} is missing or misshapen")
    counters = {key: torch.zeros((), dtype=torch.long) for key in expected.keys() - weights}
    present = {key: weights[key] for key in expected.keys() & weights}
    module.load_state_dict(present | counters, assign=True)
    module.eval().requires_grad_(False)
