"""The score of an image: objectives of several layers of one model, added up by weight."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.objectives.grid import STILL, Shift, whole_grid
from dreamvid.dream.objectives.objective import Objective, Sums
from dreamvid.image import Activation, Image, Scalar

Features = Callable[[Image, tuple[str, ...]], dict[str, Activation]]
"""Forward pass of a network: the activations of these layers at an image."""


@runtime_checkable
class Differentiable(Protocol):
    """Anything to ascend: a score with a gradient."""

    def gradient(self, image: Image, shift: Shift) -> Image:
        """Take the gradient of the score at an image that was rolled by `shift`."""
        ...

    def balanced(self, image: Image) -> "Differentiable":
        """Normalise each term to one gradient magnitude, so that weights are relative."""
        ...


@dataclass(frozen=True)
class Part:
    """Term of a score: the objective of a layer, and its weight."""

    layer: str
    objective: Objective
    weight: float = 1.0
    factor: Float[Tensor, ""] | float = 1.0  # 1 / the mean size of its gradient; see `balanced`


@dataclass(frozen=True)
class Score:
    """A sum of parts, always to be increased.

    The gradient of a deep layer's score is a hundred times a shallow one's. `balanced`
    normalises each part to the same gradient magnitude, so weights are relative.
    """

    features: Features
    parts: Sequence[Part]

    @cached_property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.layer for part in self.parts))

    def __call__(self, image: Image, shift: Shift = STILL) -> Scalar:
        return self.reduce(self.statistics(image, shift))

    def gradient(self, image: Image, shift: Shift = STILL) -> Image:
        """Take the gradient at an image that was rolled by `shift`, by plain autograd."""
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self(image, shift), image)
        return gradient

    def statistics(self, image: Image, shift: Shift) -> list[Sums]:
        """Compute each part's sums over the image."""
        activations = self.features(image, self.layers)
        grids = {layer: whole_grid(activations[layer], shift) for layer in self.layers}
        return [
            part.objective.statistics(activations[part.layer], grids[part.layer])
            for part in self.parts
        ]

    def reduce(self, sums: Sequence[Sums]) -> Scalar:
        """Reduce the sums of an image, or of pieces added up, to its score."""
        scores = [
            part.weight * part.factor * part.objective.reduce(part_sums)
            for part, part_sums in zip(self.parts, sums, strict=True)
        ]
        return torch.stack(scores).sum()

    def balanced(self, image: Image) -> "Score":
        """Normalise each part to a gradient of mean size 1 at this image."""
        return self.with_gradients([alone.gradient(image) for alone in self.alone()])

    def alone(self) -> list["Score"]:
        """Split into scores of one unweighted part each; empty for a single part."""
        if len(self.parts) == 1:
            return []
        return [replace(self, parts=(replace(p, weight=1.0, factor=1.0),)) for p in self.parts]

    def with_gradients(self, gradients: Sequence[Image]) -> "Score":
        """Divide each part by the mean size of its gradient; a zero gradient drops the part."""
        if not gradients:
            return self
        return replace(self, parts=tuple(map(_normalised, self.parts, gradients)))


def _normalised(part: Part, gradient: Image) -> Part:
    size = gradient.abs().mean()
    return replace(part, factor=torch.where(size > 0, 1 / size, torch.zeros_like(size)))
