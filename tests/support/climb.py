"""A score that is any function of the picture."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from dreamvid.dream.step import ascend


@dataclass(frozen=True)
class Climb:
    score: Callable[[torch.Tensor], torch.Tensor]

    def gradient(self, image, shift):
        x = image.clone().requires_grad_()
        return torch.autograd.grad(self.score(x), x)[0]

    def balanced(self, image):
        return self


def one_step(image, score, ascent, **more):
    """The picture after it, without what the next step would have to know."""
    return ascend(image, score, ascent, **more)[0]
