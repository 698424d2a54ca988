"""A network that answers one question: what do these layers see in this image?"""

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
    """Anything with named layers, listed from the input up."""

    @property
    def layers(self) -> Sequence[str]: ...

    @property
    def head(self) -> Head | None:
        """Its last step, if that may as well be applied at every place."""
        ...

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> "Network":
        """The same there, in that precision; this one stays as it is."""
        ...

    def __call__(self, pixels: Tensor, wanted: Sequence[str]) -> dict[str, Tensor]:
        """The wanted layers' activations; nothing that they do not need is run."""
        ...


@runtime_checkable
class Trainable(Network, Protocol):
    """A network whose late layers can learn a city, while the early ones stay as they are."""

    @property
    def frozen(self) -> str:
        """The last layer that does not learn; all that do depend on nothing else."""
        ...

    @property
    def same_as_base(self) -> Sequence[str]:
        """The layers that learning does not change."""
        ...

    @property
    def learnable(self) -> dict[str, Tensor]:
        """The weights after `frozen`, by name, without a classifier's."""
        ...

    def with_learned(self, weights: Mapping[str, Tensor]) -> "Trainable":
        """The same network with these in the place of `learnable`, and no classifier."""
        ...

    def after_frozen(self, seen: Tensor, layer: str) -> Tensor:
        """What a later layer makes of `frozen`'s activation, (N, C, h, w)."""
        ...


class FeatureModel:
    """A frozen network with the pixels it expects, on one device.

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
        self.usual_layers = usual_layers  # dreamed when nobody names a layer
        self.words = words  # of a city model
        self.same_as = same_as  # of a city model: its base, and the layers that it left alone

    def in_precision(self, dtype: torch.dtype) -> "FeatureModel":
        """The same model computing in it; what goes in and comes out stays float32."""
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
        """The classifier as a matrix, if it has one that may be applied at every place."""
        return self.network.head

    def check(self, layers: Sequence[str]) -> None:
        for layer in layers:
            if layer not in self.layers:
                near = suggest(layer, self.layers)
                see = f"see `dreamvid layers {self.name}`; --set dream.layers=[] takes its usual"
                cure = near if near.startswith("did") else see
                raise ModelError(f"dream.layers: {self.name} has no layer {layer} ({cure})")

    def __call__(self, image: Image, layers: Sequence[str]) -> dict[str, Activation]:
        """(1, 3, H, W) -> {layer: (1, C, h, w)}, with the gradient's way back kept."""
        self.check(layers)
        pixels = self.pixels.prepare(image)
        try:
            if self.precision == torch.float32:
                return self.network(pixels, layers)
            seen = half.run(self._half, pixels, layers, self.precision)
            return dict(zip(layers, seen, strict=True))
        except RuntimeError as error:
            # torch names neither the layer nor the cure when a window outgrows its map.
            if "too small" in str(error) or "smaller than" in str(error):
                size = f"{image.shape[-1]}x{image.shape[-2]}"
                raise ModelError(
                    f"dream.layers: {size} pixels are too few for {', '.join(layers)} of "
                    f"{self.name} (fewer octaves, a larger size, or a layer nearer the input)"
                ) from error
            raise
