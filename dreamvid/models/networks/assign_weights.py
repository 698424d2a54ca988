"""torchvision's networks without weights, and the assignment of weights without a second copy.

torchvision is imported where it is used: that takes half a second, and few runs need it.
"""

from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor, nn

from dreamvid.errors import ModelError

# Our name -> torchvision's, and how to build it. Their `transform_input` would undo the
# preparation of pixels that the catalogue declares.
_TRIMMED = {"transform_input": False, "init_weights": False, "aux_logits": False}
NAMES: dict[str, tuple[str, dict[str, bool]]] = {
    "vgg16": ("vgg16", {}),
    "vgg19": ("vgg19", {}),
    "resnet50": ("resnet50", {}),
    "inception_v3": ("inception_v3", _TRIMMED),
    "googlenet_bn": ("googlenet", _TRIMMED),
}
FLOW_NAMES: dict[str, tuple[str, dict[str, bool]]] = {
    "raft-large": ("raft_large", {}),
    "raft-small": ("raft_small", {}),
}


def skeleton(name: str) -> nn.Module:
    """Build a network without weights, which takes no memory and no random numbers."""
    import torchvision

    theirs, options = (NAMES | FLOW_NAMES)[name]
    with torch.device("meta"):
        return torchvision.models.get_model(theirs, weights=None, **options)


@cache
def parameters(name: str) -> frozenset[str]:
    """Names of the arrays that a weight file of a network must have."""
    state = skeleton(name).state_dict()
    return frozenset(key for key in state if not key.endswith("num_batches_tracked"))


def with_weights(name: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """Build a network for inference; raises ModelError if the weights are another's."""
    module = skeleton(name)
    expected = module.state_dict()
    for key in parameters(name):
        if key not in weights or weights[key].shape != expected[key].shape:
            raise ModelError(f"not torchvision's {name}: {key} is missing or misshapen")
    counters = {key: torch.zeros((), dtype=torch.long) for key in expected.keys() - weights}
    present = {key: weights[key] for key in expected.keys() & weights}
    module.load_state_dict(present | counters, assign=True)
    return module.eval().requires_grad_(False)
