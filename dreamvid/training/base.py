"""The network that a city is learned on."""

from dataclasses import dataclass

import torch

from dreamvid.models.features import Trainable
from dreamvid.models.networks.city import TOPS
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.weights import store

USUAL = ("googlenet", "lite0")  # the first that is here


@dataclass(frozen=True)
class Base:
    name: str
    architecture: str
    fingerprint: str
    pixels: Pixels
    network: Trainable  # on its device

    @property
    def top_layer(self) -> str:
        """Whose mean over all places leads to words."""
        return TOPS[self.architecture]


def usual_base() -> str:
    """The recipe's, if it is installed; else the one that comes with dreamvid."""
    return next((name for name in USUAL if store.find(name)), USUAL[-1])


def check_base(name: str) -> None:
    """Before the photos are read: raises ModelError as `read_base` does."""
    store.load_base(name)


def read_base(name: str, device: torch.device) -> Base:
    """Raises ModelError where it is not here, or cannot be learned on."""
    network, fingerprint = store.load_base(name)
    installed = store.find(name)
    assert installed is not None
    moved = network.to(device)
    assert isinstance(moved, Trainable)
    return Base(name, installed.architecture, fingerprint, installed.pixels, moved)
