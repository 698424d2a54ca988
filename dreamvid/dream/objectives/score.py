"""A picture's score: objectives of several layers of one model, added up by weight."""

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
"""What do these layers see in this image?"""


@runtime_checkable
class Differentiable(Protocol):
    """What a dream climbs: anything that knows the way up."""

    def gradient(self, image: Image, shift: Shift) -> Image:
        """The slope of the score at a picture that was rolled by `shift`."""
        ...

    def balanced(self, image: Image) -> "Differentiable":
        """The same, its weights being shares of the slope at a picture like this."""
        ...


@dataclass(frozen=True)
class Part:
    """What one layer is to make more of, and its share in the whole."""

    layer: str
    objective: Objective
    weight: float = 1.0
    factor: Float[Tensor, ""] | float = 1.0  # to a slope of mean size 1; see `balanced`


@dataclass(frozen=True)
class Score:
    """Always something to increase: the sum of its parts.

    Parts are not alike: the slope of a deep layer's score is a hundred times a shallow one's.
    `balanced` brings them to one size, so that weights are shares of what is dreamed.
    """

    features: Features
    parts: Sequence[Part]

    def __add__(self, other: "Score") -> "Score":
        return replace(self, parts=(*self.parts, *other.parts))

    def __mul__(self, factor: float) -> "Score":
        parts = (replace(part, weight=factor * part.weight) for part in self.parts)
        return replace(self, parts=tuple(parts))

    __rmul__ = __mul__

    def __neg__(self) -> "Score":
        return -1.0 * self

    @cached_property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.layer for part in self.parts))

    def __call__(self, image: Image, shift: Shift = STILL) -> Scalar:
        return self.reduce(self.statistics(image, shift))

    def gradient(self, image: Image, shift: Shift = STILL) -> Image:
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self(image, shift), image)
        return gradient

    def statistics(self, image: Image, shift: Shift) -> list[Sums]:
        """Each part's sums over the picture."""
        seen = self.features(image, self.layers)
        grids = {layer: whole_grid(seen[layer], shift) for layer in self.layers}
        return [
            part.objective.statistics(seen[part.layer], grids[part.layer]) for part in self.parts
        ]

    def reduce(self, sums: Sequence[Sums]) -> Scalar:
        """The score of a picture, or of pieces whose sums were added."""
        scores = [
            part.weight * part.factor * part.objective.reduce(part_sums)
            for part, part_sums in zip(self.parts, sums, strict=True)
        ]
        return torch.stack(scores).sum()

    def balanced(self, image: Image) -> "Score":
        return self.with_slopes([alone.gradient(image) for alone in self.alone()])

    def alone(self) -> list["Score"]:
        """Each part by itself, unweighed; none if there is only one, which needs no share."""
        if len(self.parts) == 1:
            return []
        return [replace(self, parts=(replace(p, weight=1.0, factor=1.0),)) for p in self.parts]

    def with_slopes(self, slopes: Sequence[Image]) -> "Score":
        """Each part divided by the mean size of its own slope; one without a slope is left out."""
        if not slopes:
            return self
        return replace(self, parts=tuple(map(_brought_to_one, self.parts, slopes)))


def _brought_to_one(part: Part, slope: Image) -> Part:
    size = slope.abs().mean()
    return replace(part, factor=torch.where(size > 0, 1 / size, torch.zeros_like(size)))
