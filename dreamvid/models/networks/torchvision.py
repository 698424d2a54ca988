"""torchvision's networks through one adapter, with modules as layers."""

from collections.abc import Mapping, Sequence
from copy import copy, deepcopy

import torch
from torch import Tensor, nn

from dreamvid.models.head import Head, classifier
from dreamvid.models.networks.assign_weights import with_weights

# Input of the classifier, before the average pool. VGG's reads 7x7 positions at once.
LAST = {"resnet50": "layer4", "inception_v3": "Mixed_7c", "googlenet_bn": "inception5b"}


class ZooNetwork:
    """A network; raises ModelError if the weights are another's."""

    def __init__(self, name: str, weights: Mapping[str, Tensor]) -> None:
        self.name = name
        self.module = with_weights(name, weights)
        for module in self.module.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False  # it would overwrite the layer before it
        self.layers = module_names(self.module)
        self._extractors: dict[tuple[str, ...], nn.Module] = {}

    @property
    def head(self) -> Head | None:
        if self.name not in LAST:
            return None
        last = self.module.get_submodule("fc")
        return classifier(LAST[self.name], last.weight, last.bias)  # type: ignore[arg-type]

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "ZooNetwork":
        moved = copy(self)
        moved.module, moved._extractors = deepcopy(self.module), {}
        layout = torch.channels_last
        moved.module.to(device, dtype, memory_format=layout)  # type: ignore[call-overload]
        return moved

    def __call__(self, pixels: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        key = tuple(layers)
        if key not in self._extractors:
            self._extractors[key] = extractor(self.module, key)
        return self._extractors[key](pixels)


def module_names(module: nn.Module) -> list[str]:
    """List the modules that run, ordered by their last operation, the input first."""
    from torchvision.models.feature_extraction import get_graph_node_names

    last: dict[str, int] = {}
    for position, node in enumerate(get_graph_node_names(module)[1]):
        parts = node.split(".")
        for depth in range(1, len(parts) + 1):
            last[".".join(parts[:depth])] = position
    modules = {name for name, _ in module.named_modules()}
    return sorted((name for name in last if name in modules), key=last.__getitem__)


def extractor(module: nn.Module, layers: tuple[str, ...]) -> nn.Module:
    """Cut the network after some layers, with no operation in place."""
    from torchvision.models.feature_extraction import create_feature_extractor

    graph = create_feature_extractor(module, {name: name for name in layers})
    for node in graph.graph.nodes:
        if "inplace" in node.kwargs:
            node.kwargs = {**node.kwargs, "inplace": False}
    graph.recompile()
    return graph
