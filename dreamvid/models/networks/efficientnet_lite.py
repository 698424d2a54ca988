"""EfficientNet-Lite: the network that comes with dreamvid, so that a first film needs no download.

Shapes are read from the weights, so Lite0 and its bigger sisters are one module. TensorFlow's
SAME padding, ReLU6, no squeeze-excite; batch norm (eps 1e-3) is folded into the convolutions.

Layers, from the input up: `stem`; for each block N `block_N/expand` (widened, after ReLU6: the
richest dreams), `block_N/depthwise`, `block_N/output` (narrow and linear: stripes); `head`;
`pool` and `classes` (1000 ImageNet logits), which see the whole image at once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy

import torch
from torch import Tensor

from dreamvid.errors import ModelError
from dreamvid.models.head import Head, classifier
from dreamvid.models.layers.activation import RELU6
from dreamvid.models.layers.convolution import Convolution, same

STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
EPSILON = 1e-3


def fold(weights: Mapping[str, Tensor], conv: str, norm: str) -> tuple[Tensor, Tensor]:
    """Fold a batch norm into the convolution before it; returns (weight, bias)."""
    scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + EPSILON).sqrt()
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return weights[f"{conv}.weight"] * scale.view(-1, 1, 1, 1), bias


def strides(weights: Mapping[str, Tensor]) -> list[int]:
    """Stride of each block: a stage starts where the number of output channels changes."""
    count = 1 + max(int(n) for n in re.findall(r"_blocks\.(\d+)\.", " ".join(weights)))
    outputs = [len(weights[f"_blocks.{n}._project_conv.weight"]) for n in range(count)]
    starts = [n == 0 or outputs[n] != outputs[n - 1] for n in range(count)]
    stages = iter(STAGE_STRIDES)
    return [next(stages) if start else 1 for start in starts]


class Lite:
    """The network; raises ModelError if the weights are not an EfficientNet-Lite's."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.convs: dict[str, Convolution] = {}
        try:
            self.strides = strides(weights)
            for name, pair in self._fold(weights):
                self.convs[name] = self._conv(name, *pair)
        except (KeyError, ValueError, StopIteration, RuntimeError) as error:
            raise ModelError(f"not an EfficientNet-Lite: {error}") from None

    def _fold(self, weights: Mapping[str, Tensor]) -> Iterator[tuple[str, tuple[Tensor, Tensor]]]:
        yield "stem", fold(weights, "_conv_stem", "_bn0")
        for n in range(len(self.strides)):
            block = f"_blocks.{n}"
            if f"{block}._expand_conv.weight" in weights:
                yield f"block_{n}/expand", fold(weights, f"{block}._expand_conv", f"{block}._bn0")
            depthwise = fold(weights, f"{block}._depthwise_conv", f"{block}._bn1")
            yield f"block_{n}/depthwise", depthwise
            yield f"block_{n}/project", fold(weights, f"{block}._project_conv", f"{block}._bn2")
        yield "head", fold(weights, "_conv_head", "_bn1")
        yield "classes", (weights["_fc.weight"][:, :, None, None], weights["_fc.bias"])

    def _conv(self, name: str, weight: Tensor, bias: Tensor) -> Convolution:
        stride = 2 if name == "stem" else 1
        if depthwise := re.fullmatch(r"block_(\d+)/depthwise", name):
            stride = self.strides[int(depthwise[1])]
        return Convolution(weight, bias, stride, same)

    @property
    def layers(self) -> list[str]:
        names = [name.replace("/project", "/output") for name in self.convs]
        names.insert(names.index("head") + 1, "pool")
        return names

    @property
    def head(self) -> Head | None:
        conv = self.convs.get("classes")
        return classifier("head", conv.weight, conv.bias) if conv else None

    @property
    def frozen(self) -> str:
        """Last layer that a city model leaves as it is: before the last block of stride 2."""
        return f"block_{len(self.strides) - 1 - self.strides[::-1].index(2) - 1}/output"

    @property
    def same_as_base(self) -> Sequence[str]:
        return self.layers[: self.layers.index(self.frozen) + 1]

    @property
    def learnable(self) -> dict[str, Tensor]:
        """Weights of the layers after `frozen`, batch norm folded in."""
        names = list(self.convs)
        first = names.index(self.frozen.replace("/output", "/project")) + 1
        weights: dict[str, Tensor] = {}
        for name in names[first:]:
            if name != "classes":
                weights[f"{name}.weight"] = self.convs[name].weight
                weights[f"{name}.bias"] = self.convs[name].bias
        return weights

    def with_learned(self, weights: Mapping[str, Tensor]) -> "Lite":
        shapes = {name: weight.shape for name, weight in self.learnable.items()}
        if {name: weight.shape for name, weight in weights.items()} != shapes:
            raise ModelError("not the learned weights of this EfficientNet-Lite")
        changed = copy(self)
        changed.convs = {name: conv for name, conv in self.convs.items() if name != "classes"}
        for name in changed.convs.keys() & {key.rpartition(".")[0] for key in weights}:
            pair = weights[f"{name}.weight"], weights[f"{name}.bias"]
            changed.convs[name] = self._conv(name, *pair)
        return changed

    def after_frozen(self, features: Tensor, layer: str) -> Tensor:
        first = int(self.frozen.removeprefix("block_").removesuffix("/output")) + 1
        return next(value for name, value in self._blocks(features, first) if name == layer)

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "Lite":
        moved = copy(self)
        moved.convs = {name: conv.to(device, dtype) for name, conv in self.convs.items()}
        return moved

    def __call__(self, pixels: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        activations: dict[str, Tensor] = {}
        waiting = set(layers)
        for name, activation in self._run(pixels):
            if name in waiting:
                activations[name] = activation
                waiting.remove(name)
            if not waiting:
                break
        return activations

    def _run(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield every layer in turn; the caller stops when it has what it needs."""
        x = self.convs["stem"](x, RELU6)
        yield "stem", x
        yield from self._blocks(x, 0)

    def _blocks(self, x: Tensor, first: int) -> Iterator[tuple[str, Tensor]]:
        for n, stride in enumerate(self.strides[first:], first):
            before = x
            if f"block_{n}/expand" in self.convs:
                x = self.convs[f"block_{n}/expand"](x, RELU6)
                yield f"block_{n}/expand", x
            x = self.convs[f"block_{n}/depthwise"](x, RELU6)
            yield f"block_{n}/depthwise", x
            x = self.convs[f"block_{n}/project"](x)
            x = x + before if stride == 1 and x.shape == before.shape else x
            yield f"block_{n}/output", x
        x = self.convs["head"](x, RELU6)
        yield "head", x
        x = x.mean((2, 3), keepdim=True)
        yield "pool", x
        if "classes" in self.convs:
            yield "classes", self.convs["classes"](x)
