"""A score that is any function of the picture."""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Climb:
    score: Callable[[torch.Tensor], torch.Tensor]

    def gradient(self, image, shift):
        x = image.clone().requires_grad_()
        return torch.autograd.grad(self.score(x), x)[0]

    def balanced(self, image):
        return self
