"""A picture's score: objectives of several layers of one model, added up by weight."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch

from dreamvid.dream.grid import STILL, Shift, whole_grid
from dreamvid.dream.objective import Objective, Sums
from dreamvid.image import Activation, Image, Scalar

Features = Callable[[Image, tuple[str, ...]], dict[str, Activation]]
"""What do these layers see in this image?"""


@runtime_checkable
class Climbable(Protocol):
    """What a dream climbs: anything that knows the way up."""

    def gradient(self, image: Image, shift: Shift) -> Image:
        """The slope of the score at a picture that was rolled by `shift`."""
        ...


@dataclass(frozen=True)
class Part:
    """What one layer is to make more of, and its share in the whole."""

    layer: str
    objective: Objective
    weight: float = 1.0


@dataclass(frozen=True)
class Score:
    """Always something to increase.

    With several parts each one's score is divided by its present size, so that the
    weights are shares: a deep layer's activations are a hundred times a shallow one's.
    A single one is not divided: a step is normalised by its gradient anyway.
    """

    features: Features
    parts: tuple[Part, ...]

    def __add__(self, other: "Score") -> "Score":
        return replace(self, parts=self.parts + other.parts)

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
        return self.judge(self.gather(image, shift))

    def gradient(self, image: Image, shift: Shift = STILL) -> Image:
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self(image, shift), image)
        return gradient

    def gather(self, image: Image, shift: Shift) -> list[Sums]:
        """Each part's sums over the picture."""
        seen = self.features(image, self.layers)
        grids = {layer: whole_grid(seen[layer], shift) for layer in self.layers}
        return [part.objective.gather(seen[part.layer], grids[part.layer]) for part in self.parts]

    def judge(self, sums: Sequence[Sums]) -> Scalar:
        """The score of a picture, or of pieces whose sums were added."""
        scores = [part.objective.judge(s) for part, s in zip(self.parts, sums, strict=True)]
        if len(scores) == 1:
            return self.parts[0].weight * scores[0]
        return torch.stack(
            [_share(part, value) for part, value in zip(self.parts, scores, strict=True)]
        ).sum()


def _share(part: Part, value: Scalar) -> Scalar:
    return part.weight * value / value.detach().abs().clamp_min(1e-30)


def make_score(features: Features, parts: Sequence[Part]) -> Score:
    return Score(features, tuple(parts))
