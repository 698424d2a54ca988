"""Networks as feature extractors: activations of named layers for an image."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from dreamvid.errors import ModelError, suggest
from dreamvid.image import Activation, Image
from dreamvid.models import precision as half
from dreamvid.models.head import Head
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.words import WordSpace


@runtime_checkable
class Network(Protocol):
    """A network with named layers, listed from the input up."""

    @property
    def layers(self) -> Sequence[str]: ...

    @property
    def head(self) -> Head | None:
        """Last layer, if it may be applied at every position."""
        ...

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "Network":
        """Copy the network to a device and precision."""
        ...

    def __call__(self, pixels: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Compute the activations of some layers, running only what they need."""
        ...


@runtime_checkable
class Trainable(Network, Protocol):
    """A network whose late layers can learn a city, while the early ones stay fixed."""

    @property
    def frozen(self) -> str:
        """Name of the last fixed layer, on which alone the learning ones depend."""
        ...

    @property
    def same_as_base(self) -> Sequence[str]:
        """Layers that learning does not change."""
        ...

    @property
    def learnable(self) -> dict[str, Tensor]:
        """Weights after `frozen`, by name, without a classifier's."""
        ...

    def with_learned(self, weights: Mapping[str, Tensor]) -> "Trainable":
        """Copy the network with other `learnable` weights, and no classifier.

        Raises ModelError for weights of other names or shapes.
        """
        ...

    def after_frozen(self, features: Tensor, layer: str) -> Tensor:
        """Compute a later layer from the activation of `frozen`, (N, C, h, w)."""
        ...


class FeatureModel:
    """A network with fixed weights and the pixels it expects, on one device.

    Takes images in dreamvid's convention. Raises ModelError for layers it does not have
    and for images too small for a layer.
    """

    def __init__(
        self,
        name: str,
        network: Network,
        pixels: Pixels,
        device: torch.device,
        *,
        usual_layers: Sequence[str] = (),
        words: WordSpace | None = None,
        same_as: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        self.name = name
        self.device = device
        self.network = network.to(device)
        self.precision = torch.float32
        self._half = self.network
        self._others: dict[torch.dtype, FeatureModel] = {}
        self.pixels = pixels
        self.usual_layers = usual_layers  # dreamed if no layer is named
        self.words = words  # of a city model
        self.same_as = same_as  # of a city model: its base, and the layers they share

    def in_precision(self, dtype: torch.dtype) -> "FeatureModel":
        """Copy the model to a precision; its inputs and outputs stay float32."""
        if dtype == self.precision:
            return self
        if dtype not in self._others:
            changed = copy(self)
            changed.precision = dtype
            changed._others = dict[torch.dtype, FeatureModel]({self.precision: self})
            changed._half = self.network.to(self.device, dtype)
            self._others[dtype] = changed
        return self._others[dtype]

    @property
    def layers(self) -> Sequence[str]:
        return self.network.layers

    @property
    def head(self) -> Head | None:
        return self.network.head

    def check(self, layers: Sequence[str]) -> None:
        """Raise ModelError for a layer that the network does not have."""
        for layer in layers:
            if layer not in self.layers:
                near = suggest(layer, self.layers)
                see = f"see `dreamvid layers {self.name}`; --set dream.layers=[] takes its usual"
                cure = near if near.startswith("did") else see
                raise ModelError(f"dream.layers: {self.name} has no layer {layer} ({cure})")

    def __call__(self, image: Image, layers: Sequence[str]) -> dict[str, Activation]:
        """Compute {layer: (1, C, h, w)} of an image (1, 3, H, W), differentiably."""
        self.check(layers)
        pixels = self.pixels.prepare(image)
        try:
            if self.precision == torch.float32:
                return self.network(pixels, layers)
            activations = half.run(self._half, pixels, layers, self.precision)
            return dict(zip(layers, activations, strict=True))
        except RuntimeError as error:
            # torch names neither the layer nor the cure when a window outgrows its map.
            if "too small" in str(error) or "smaller than" in str(error):
                size = f"{image.shape[-1]}x{image.shape[-2]}"
                raise ModelError(
                    f"dream.layers: {size} pixels are too few for {', '.join(layers)} of "
                    f"{self.name} (fewer octaves, a larger size, or a layer nearer the input)"
                ) from error
            raise
