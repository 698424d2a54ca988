"""Describe an image by a network's classes, words and channels, with heatmaps."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image, OtherSizeImage, fit
from dreamvid.models.features import FeatureModel
from dreamvid.models.head import Head
from dreamvid.models.labels import classes_of

SHORT, CROP = 256, 224  # pixels of the shorter side and of the crop, as networks were trained
MAP_SHORT = 320  # pixels of the shorter side for heatmaps
LONGEST = 1024  # pixels of the longer side; a panorama is scaled down
TINY = 1e-12

Heatmap = Float[Tensor, "rows columns"]
"""Strength of a class or word at each position, 0 to 1: the logit above the mean of all classes, or
the cosine, relative to its largest value, and squared."""


@dataclass(frozen=True)
class Prediction:
    """A class with its probability in the middle of the image, and in all of it."""

    number: int
    label: str
    name: str  # for `dream.classes`
    middle: float
    whole: float

    @property
    def title(self) -> str:
        """The label, with the class's number if it is not unique: ImageNet has two cranes."""
        return self.label if self.name == self.label else f"{self.label} ({self.number})"


@dataclass(frozen=True)
class Share:
    """Summed probability of a noun's or a group's classes."""

    name: str
    labels: int  # number of classes
    middle: float
    whole: float


@dataclass(frozen=True)
class Description:
    """Classes, words and channels that a network finds in an image."""

    classes: list[Prediction]  # most probable first
    words: list[tuple[str, float]]  # with the cosine of each
    channels: dict[str, list[int]]  # by layer, strongest first


def middle_of(image: OtherSizeImage) -> Image:
    """Crop the 224x224 middle of an image whose shorter side is scaled to 256."""
    edge = (SHORT - CROP) // 2
    return fit(image, (SHORT, SHORT))[..., edge : edge + CROP, edge : edge + CROP]


def whole_of(image: OtherSizeImage, short: int = SHORT) -> OtherSizeImage:
    """Scale an image to `short` pixels on its shorter side, at most LONGEST on the longer."""
    height, width = image.shape[-2:]
    scale = min(short / min(height, width), LONGEST / max(height, width))
    return fit(image, (max(1, round(height * scale)), max(1, round(width * scale))))


def describe(
    features: FeatureModel, image: OtherSizeImage, count: int, *, channels: bool = False
) -> Description:
    """Find the most probable classes and the nearest words of the middle of an image.

    Args:
        count: number of each, at most.
        channels: also find the channels of each usual layer that the whole image activates
            most; they are always given for a network without classes and words.
    """
    head, space = features.head, features.words
    layers = features.usual_layers if channels or not (head or space) else ()
    words: list[tuple[str, float]] = []
    if space:
        words = space.nearest(class_scores(features, space.head, middle_of(image)), count)
    return Description(
        classes=_classes(features, head, image, count) if head else [],
        words=words,
        channels={layer: _strongest(features, layer, image, count) for layer in layers},
    )


def _classes(
    features: FeatureModel, head: Head, image: OtherSizeImage, count: int
) -> list[Prediction]:
    middle = class_scores(features, head, middle_of(image)).softmax(0)
    whole = class_scores(features, head, whole_of(image)).softmax(0)
    numbers: list[int] = middle.topk(min(count, len(middle))).indices.tolist()
    return [
        Prediction(n, label_of(head, n), class_name(head, n), float(middle[n]), float(whole[n]))
        for n in numbers
    ]


def shares_of(
    features: FeatureModel, head: Head, image: OtherSizeImage, names: Sequence[str]
) -> list[Share]:
    """Sum the probabilities of the classes that names stand for, in the middle and in the whole.

    Raises ValueError for an unknown name, as `classes_of` does.
    """
    classes = {name: classes_of(name, head.labels, len(head.bias)) for name in names}
    middle = class_scores(features, head, middle_of(image)).softmax(0)
    whole = class_scores(features, head, whole_of(image)).softmax(0)
    return [
        Share(name, len(chosen), float(middle[chosen].sum()), float(whole[chosen].sum()))
        for name, chosen in classes.items()
    ]


def _strongest(features: FeatureModel, layer: str, image: OtherSizeImage, count: int) -> list[int]:
    means = channel_means(features, layer, whole_of(image))
    return means.topk(min(count, len(means))).indices.tolist()


def class_scores(
    features: FeatureModel, head: Head, image: OtherSizeImage
) -> Float[Tensor, " outputs"]:
    """Compute the head's outputs, averaged over all positions, as the network itself does."""
    return head.weight @ channel_means(features, head.layer, image) + head.bias


def channel_means(
    features: FeatureModel, layer: str, image: OtherSizeImage
) -> Float[Tensor, " channels"]:
    """Mean activation of each channel of a layer, over all positions."""
    with torch.no_grad():
        return features(image, [layer])[layer].mean((0, 2, 3))


def label_of(head: Head, number: int) -> str:
    return head.labels[number] if number < len(head.labels) else f"class {number}"


def class_name(head: Head, number: int) -> str:
    """Name a class for `dream.classes`: its label, or its number if the label is not unique."""
    unique = number < len(head.labels) and list(head.labels).count(head.labels[number]) == 1
    return head.labels[number] if unique else str(number)


def heatmaps_of(
    features: FeatureModel, image: OtherSizeImage, description: Description
) -> dict[str, Heatmap]:
    """Make heatmaps over the whole image of each class and word of its description."""
    heatmaps: dict[str, Heatmap] = {}
    if features.head and description.classes:
        logits = _head_outputs(features, features.head, image)
        above_mean = logits - logits.mean(0)
        heatmaps |= {one.title: _scaled(above_mean[one.number]) for one in description.classes}
    if features.words and description.words:
        outputs = F.normalize(_head_outputs(features, features.words.head, image), dim=0)
        for word, _ in description.words:
            cosines = torch.einsum("d,dhw->hw", features.words.vector(word), outputs)
            heatmaps[word] = _scaled(cosines)
    return heatmaps


def _head_outputs(features: FeatureModel, head: Head, image: OtherSizeImage) -> Tensor:
    """Compute the head's outputs at every position of the image: (outputs, rows, columns)."""
    with torch.no_grad():
        activation = features(whole_of(image, MAP_SHORT), [head.layer])[head.layer]
    return F.conv2d(activation, head.weight[:, :, None, None], head.bias)[0]


def _scaled(values: Heatmap) -> Heatmap:
    """Scale values to 0 at or below zero and 1 at their maximum, squared for contrast."""
    positive = values.clamp_min(0)
    return (positive / positive.max().clamp_min(TINY)).square()
