"""An image's score: objectives of several layers of one model, added up by weight."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dreamvid.dream.objectives import Objective
from dreamvid.image import Activation, Image, Scalar

Score = Callable[[Image], Scalar]
"""Always something to increase."""

Features = Callable[[Image, tuple[str, ...]], dict[str, Activation]]
"""What do these layers see in this image?"""


@dataclass(frozen=True)
class Part:
    """What one layer is to make more of, and its share in the whole."""

    layer: str
    objective: Objective
    weight: float = 1.0


def make_score(features: Features, parts: Sequence[Part]) -> Score:
    """Score images by `parts`.

    With several parts each one's score is divided by its present size, so that the
    weights are shares: a deep layer's activations are a hundred times a shallow one's.
    A single one is not divided: a step is normalised by its gradient anyway.
    """
    layers = tuple(dict.fromkeys(part.layer for part in parts))

    def score(image: Image) -> Scalar:
        seen = features(image, layers)
        scores = [part.objective(seen[part.layer]) for part in parts]
        if len(parts) == 1:
            return parts[0].weight * scores[0]
        shares = [
            part.weight * value / value.detach().abs().clamp_min(1e-30)
            for part, value in zip(parts, scores, strict=True)
        ]
        return sum(shares[1:], shares[0])

    return score
