"""BVLC GoogLeNet exactly as Caffe runs it, every blob of its deploy net a layer.

Convolutions are tapped before their ReLU (in Caffe the ReLU is a later layer, in place),
`/output` and `pool` blobs as they are; pooling rounds up; LRN after pool1 and conv2. The
classifier is applied at every 7x7 window, which on 224x224 pixels is Caffe's InnerProduct.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from dreamvid.errors import ModelError
from dreamvid.models.head import Head, classifier
from dreamvid.models.layers.activation import RELU
from dreamvid.models.layers.banded import conv_relu_lrn_pool, conv_relu_pool
from dreamvid.models.layers.convolution import Convolution, concat
from dreamvid.models.layers.lrn import lrn
from dreamvid.models.layers.pooling import max_pool

Entry = tuple[Callable[..., Tensor], tuple[str, ...]]
"""An operation that makes a blob, and the names of its inputs."""
Fused = tuple[Callable[..., Tensor], tuple[str, ...], tuple[str, ...]]
"""The same, and the names of blobs it leaves out: used where none of those is requested."""

# Channels of each block's 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5 and pool_proj.
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
CLASSIFIER = "loss3/classifier"
FROZEN = "inception_4d/output"  # last layer that a city model leaves as it is; the 2018 recipe
LEARNING = ("4e", "5a", "5b")


def shapes() -> dict[str, tuple[int, ...]]:
    """Shapes of the weights by name, without the classifier: OIHW, or O of a bias."""
    weights = {
        "conv1/7x7_s2.weight": (64, 3, 7, 7),
        "conv2/3x3_reduce.weight": (64, 64, 1, 1),
        "conv2/3x3.weight": (192, 64, 3, 3),
    }
    channels = 192
    for name, (one, three_in, three, five_in, five, pool) in BLOCKS.items():
        block = f"inception_{name}"
        weights[f"{block}/1x1.weight"] = (one, channels, 1, 1)
        weights[f"{block}/3x3_reduce.weight"] = (three_in, channels, 1, 1)
        weights[f"{block}/3x3.weight"] = (three, three_in, 3, 3)
        weights[f"{block}/5x5_reduce.weight"] = (five_in, channels, 1, 1)
        weights[f"{block}/5x5.weight"] = (five, five_in, 5, 5)
        weights[f"{block}/pool_proj.weight"] = (pool, channels, 1, 1)
        channels = one + three + five + pool
    biases = {name.replace(".weight", ".bias"): shape[:1] for name, shape in weights.items()}
    return weights | biases


class GoogLeNet:
    """The network as a table of blobs, each with its operation and inputs.

    Args:
        weights: `name.weight` (OIHW) and `name.bias` under Caffe's layer names. Without
            `loss3/classifier` the layers end at `pool5/7x7_s1`.

    Raises ModelError for missing or misshapen weights.
    """

    frozen = FROZEN

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = {name: _checked(weights, name, shape) for name, shape in shapes().items()}
        if f"{CLASSIFIER}.weight" in weights:
            head = weights[f"{CLASSIFIER}.weight"]
            self.weights[f"{CLASSIFIER}.weight"] = head.reshape(len(head), -1, 1, 1)
            self.weights[f"{CLASSIFIER}.bias"] = weights[f"{CLASSIFIER}.bias"].flatten()
        self.fused: dict[str, Fused] = {}
        self.convs: dict[str, Convolution] = {}
        self.table = dict(self._build())
        self.layers = [name for name in self.table if "relu" not in name]

    @property
    def head(self) -> Head | None:
        weight = self.weights.get(f"{CLASSIFIER}.weight")
        if weight is None:
            return None
        return classifier("inception_5b/output", weight, self.weights[f"{CLASSIFIER}.bias"])

    @property
    def same_as_base(self) -> Sequence[str]:
        upto = self.layers.index(FROZEN) + 1
        return [*self.layers[:upto], "inception_4e/pool"]  # which reads 4d itself

    @property
    def learnable(self) -> dict[str, Tensor]:
        starts = tuple(f"inception_{name}/" for name in LEARNING)
        return {name: value for name, value in self.weights.items() if name.startswith(starts)}

    def with_learned(self, weights: Mapping[str, Tensor]) -> "GoogLeNet":
        if weights.keys() != self.learnable.keys():
            raise ModelError("not the learned weights of a GoogLeNet")
        fixed = {name: v for name, v in self.weights.items() if not name.startswith(CLASSIFIER)}
        return GoogLeNet({**fixed, **weights})

    def after_frozen(self, features: Tensor, layer: str) -> Tensor:
        return self._run({FROZEN: features}, [layer])[layer]

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "GoogLeNet":
        moved = copy(self)
        moved.weights, moved.fused, moved.convs = {}, {}, {}
        for name, value in self.weights.items():
            layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
            moved.weights[name] = value.to(device, dtype, memory_format=layout)
        moved.table = dict(moved._build())
        return moved

    def __call__(self, pixels: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        return self._run({"data": pixels}, layers)

    def _run(self, blobs: dict[str, Tensor], layers: Sequence[str]) -> dict[str, Tensor]:
        """Compute blobs from those given; each other one is freed after its last use."""
        needed = self._needed(layers, blobs.keys())
        readers = Counter(source for _, inputs in needed.values() for source in inputs)
        for name in self.table:
            if name in needed:
                op, inputs = needed[name]
                blobs[name] = op(*(blobs[source] for source in inputs))
                readers.subtract(inputs)
                for source in inputs:
                    if not readers[source] and source not in layers:
                        blobs.pop(source, None)
        return {name: blobs[name] for name in layers}

    def _needed(self, layers: Sequence[str], available: Collection[str]) -> dict[str, Entry]:
        needed: dict[str, Entry] = {}
        waiting = list(layers)
        while waiting:
            name = waiting.pop()
            if name not in needed and name not in available:
                fused = self.fused.get(name)
                if fused and not any(hidden in layers for hidden in fused[2]):
                    needed[name] = fused[:2]
                else:
                    needed[name] = self.table[name]
                waiting += needed[name][1]
        return needed

    def _conv(self, name: str, source: str, stride: int = 1) -> Iterator[tuple[str, Entry]]:
        conv = Convolution(self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], stride)
        self.convs[name] = conv
        yield name, (conv, (source,))
        self.fused[f"{name}.relu"] = (partial(conv, activation=RELU), (source,), (name,))
        yield f"{name}.relu", (F.relu, (name,))

    def _build(self) -> Iterator[tuple[str, Entry]]:
        yield next(self._conv("conv1/7x7_s2", "data", stride=2))
        yield "pool1/3x3_s2", (partial(max_pool, stride=2, relu=True), ("conv1/7x7_s2",))
        pool1 = partial(conv_relu_pool, conv=self.convs["conv1/7x7_s2"])
        self.fused["pool1/3x3_s2"] = (pool1, ("data",), ("conv1/7x7_s2",))
        yield "pool1/norm1", (lrn, ("pool1/3x3_s2",))
        yield from self._conv("conv2/3x3_reduce", "pool1/norm1")
        yield from self._conv("conv2/3x3", "conv2/3x3_reduce.relu")
        yield "conv2/norm2", (lrn, ("conv2/3x3.relu",))
        yield "pool2/3x3_s2", (partial(max_pool, stride=2), ("conv2/norm2",))
        conv = self.convs["conv2/3x3"]
        source, hidden = ("conv2/3x3_reduce.relu",), ("conv2/3x3", "conv2/norm2")
        norm2 = lambda x: lrn(conv(x, RELU, linear=True), after_relu=True)
        pool2 = partial(conv_relu_lrn_pool, conv=conv)
        self.fused["conv2/norm2"] = (norm2, source, hidden[:1])
        self.fused["pool2/3x3_s2"] = (pool2, source, hidden)
        source = "pool2/3x3_s2"
        for name in BLOCKS:
            yield from self._block(f"inception_{name}", source)
            source = f"inception_{name}/output"
            if name in ("3b", "4e"):
                pool = f"pool{name[0]}/3x3_s2"
                yield pool, (partial(max_pool, stride=2), (source,))
                source = pool
        yield "pool5/7x7_s1", (lambda x: F.avg_pool2d(x, 7, 1), (source,))
        if f"{CLASSIFIER}.weight" in self.weights:
            yield next(self._conv(CLASSIFIER, "pool5/7x7_s1"))

    def _block(self, block: str, source: str) -> Iterator[tuple[str, Entry]]:
        yield from self._conv(f"{block}/1x1", source)
        yield from self._conv(f"{block}/3x3_reduce", source)
        yield from self._conv(f"{block}/3x3", f"{block}/3x3_reduce.relu")
        yield from self._conv(f"{block}/5x5_reduce", source)
        yield from self._conv(f"{block}/5x5", f"{block}/5x5_reduce.relu")
        yield f"{block}/pool", (partial(max_pool, stride=1), (source,))
        yield from self._conv(f"{block}/pool_proj", f"{block}/pool")
        names = [f"{block}/{branch}" for branch in ("1x1", "3x3", "5x5", "pool_proj")]
        sources = tuple(source for name in names for source in self.fused[f"{name}.relu"][1])
        output = partial(concat, [self.convs[name] for name in names])
        self.fused[f"{block}/output"] = (output, sources, tuple(names))
        yield f"{block}/output", (lambda *parts: F.relu(torch.cat(parts, 1)), tuple(names))


def _checked(weights: Mapping[str, Tensor], name: str, shape: tuple[int, ...]) -> Tensor:
    if name not in weights:
        raise ModelError(f"not a BVLC GoogLeNet: {name} is missing")
    # Caffe of before 2015 stores a bias as (1, 1, 1, n).
    value = weights[name].flatten() if len(shape) == 1 else weights[name]
    if tuple(value.shape) != shape:
        raise ModelError(f"not a BVLC GoogLeNet: {name} is {tuple(value.shape)}, expected {shape}")
    return value.float()
