"""Weights from a file into one of torchvision's networks, without a second copy in memory."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dreamvid.errors import ModelError


def parameters_of(skeleton: nn.Module) -> frozenset[str]:
    """The arrays a weight file of this network must have."""
    found = skeleton.state_dict()
    return frozenset(key for key in found if not key.endswith("num_batches_tracked"))


def assign(module: nn.Module, weights: Mapping[str, Tensor], *, name: str) -> None:
    """Make these the network's weights, for answers only.

    Raises ModelError if they are another network's.
    """
    expected = module.state_dict()
    for key in parameters_of(module):
        if key not in weights or weights[key].shape != expected[key].shape:
            raise ModelError(f"not torchvision's {name}: {key} is missing or misshapen")
    counters = {key: torch.zeros((), dtype=torch.long) for key in expected.keys() - weights}
    kept = {key: weights[key] for key in expected.keys() & weights}
    module.load_state_dict(kept | counters, assign=True)
    module.eval().requires_grad_(False)
