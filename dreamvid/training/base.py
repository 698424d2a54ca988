"""The pretrained network that a city model is trained on."""

from dataclasses import dataclass

import torch

from dreamvid.models.features import Trainable
from dreamvid.models.networks.city import TOPS
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.weights import store

DEFAULTS = ("googlenet", "lite0")  # the first one installed


@dataclass(frozen=True)
class Base:
    name: str
    architecture: str
    fingerprint: str
    pixels: Pixels
    network: Trainable  # on its device

    @property
    def head_layer(self) -> str:
        """Layer whose spatial mean the head reads."""
        return TOPS[self.architecture]


def default_base() -> str:
    """Return the 2018 recipe's network if it is installed, else the one shipped with dreamvid."""
    return next((name for name in DEFAULTS if store.find(name)), DEFAULTS[-1])


def read_base(name: str, device: torch.device) -> Base:
    """Load a base network onto a device.

    Raises ModelError if it is not installed, or cannot be trained on.
    """
    network, fingerprint = store.load_base(name)
    installed = store.find(name)
    assert installed is not None
    moved = network.to(device)
    assert isinstance(moved, Trainable)
    return Base(name, installed.architecture, fingerprint, installed.pixels, moved)
