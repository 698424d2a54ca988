"""A network that trains in milliseconds, and a space of words for it."""

import torch
import torch.nn.functional as F

from dreamvid.models.preprocessing import Pixels
from dreamvid.training.base import Base
from dreamvid.training.words.text_space import TextSpace

PIXELS = Pixels(scale=1.0, mean=(0.5, 0.5, 0.5))
CPU = torch.device("cpu")


class Tiny:
    """Twelve filters of 16 pixels at stride 16, frozen, and one trainable convolution."""

    layers = ("frozen", "head")
    frozen = "frozen"
    same_as_base = ("frozen",)
    head = None

    def __init__(self, learned=None):
        rng = torch.Generator().manual_seed(3)
        self.first = torch.randn(12, 3, 16, 16, generator=rng) / 16
        late = {"late.weight": torch.randn(20, 12, 3, 3, generator=rng) / 6}
        self.learnable = dict(learned or late | {"late.bias": torch.zeros(20)})

    def with_learned(self, weights):
        return Tiny(weights)

    def to(self, device, dtype=None):
        return self

    def __call__(self, pixels, layers):
        return {"frozen": F.relu(F.conv2d(pixels, self.first, None, 16))}

    def after_frozen(self, features, layer):
        late = self.learnable
        return F.relu(F.conv2d(features, late["late.weight"], late["late.bias"], 1, 1))


def tiny_base():
    return Base("lite0", "lite", "0" * 64, PIXELS, Tiny())


def space(words, dimensions=6, seed=0):
    """Give each word a random vector."""
    rng = torch.Generator().manual_seed(seed)
    return TextSpace(
        tuple(words), torch.randn(len(words), dimensions, generator=rng), torch.ones(len(words))
    )
