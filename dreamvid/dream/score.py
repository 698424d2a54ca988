"""An image's score: objectives of several layers of one model, added up by weight."""

from collections.abc import Callable, Mapping

from dreamvid.dream.objectives import Objective
from dreamvid.image import Activation, Image, Scalar

Score = Callable[[Image], Scalar]
"""Always something to increase."""


Features = Callable[[Image, tuple[str, ...]], dict[str, Activation]]
"""What do these layers see in this image?"""


def make_score(
    features: Features, objectives: Mapping[str, Objective], weights: Mapping[str, float]
) -> Score:
    """Score images by `objectives`, one a layer.

    With several layers each one's score is divided by its present size, so that the
    weights are shares: a deep layer's activations are a hundred times a shallow one's.
    With one layer nothing is divided: a step is normalised by its gradient anyway.
    """
    layers = tuple(objectives)

    def score(image: Image) -> Scalar:
        seen = features(image, layers)
        scores = {name: objectives[name](seen[name]) for name in layers}
        if len(layers) == 1:
            return weights[layers[0]] * scores[layers[0]]
        shares = [
            weights[name] * value / value.detach().abs().clamp_min(1e-30)
            for name, value in scores.items()
        ]
        return sum(shares[1:], shares[0])

    return score
