"""What a network sees in a picture: its classes, its words, its strongest channels, and where."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image, OtherSizeImage, fit
from dreamvid.models.features import FeatureModel
from dreamvid.models.head import Head
from dreamvid.models.words import WordSpace

SHORT, CROP = 256, 224  # pixels: the shorter side, and the middle that networks were trained on
MAP_SHORT = 320  # pixels of the shorter side where places are told apart
LONGEST = 1024  # pixels; a panorama is looked at smaller
TINY = 1e-12

Heat = Float[Tensor, "rows columns"]
"""How much something is seen at each place, 0 to 1: how far a class's logit stands out from
all classes', or a word's cosine, over its largest."""


@dataclass(frozen=True)
class Seen:
    """A class: its probability in the middle of the picture, and in all of it."""

    number: int
    label: str
    name: str  # what `dream.classes` calls it
    middle: float
    whole: float

    @property
    def title(self) -> str:
        """No other class's: two of ImageNet's are cranes."""
        return self.label if self.name == self.label else f"{self.label} ({self.number})"


@dataclass(frozen=True)
class Description:
    classes: list[Seen]  # the likeliest first
    words: list[tuple[str, float]]  # of a city model, with the cosine of each
    channels: dict[str, list[int]]  # by layer, the strongest first


def middle_of(picture: OtherSizeImage) -> Image:
    """The 224x224 middle of the picture, its shorter side scaled to 256."""
    edge = (SHORT - CROP) // 2
    return fit(picture, (SHORT, SHORT))[..., edge : edge + CROP, edge : edge + CROP]


def whole_of(picture: OtherSizeImage, short: int = SHORT) -> OtherSizeImage:
    """All of the picture, its shorter side `short` pixels long, or less where it is very long."""
    height, width = picture.shape[-2:]
    scale = min(short / min(height, width), LONGEST / max(height, width))
    return fit(picture, (max(1, round(height * scale)), max(1, round(width * scale))))


def describe(
    features: FeatureModel, picture: OtherSizeImage, count: int, *, channels: bool = False
) -> Description:
    """The likeliest classes and the nearest words of the middle of a picture.

    Args:
        count: of each, at most.
        channels: whether to name the channels that all of the picture makes most active, of
            each usual layer; a network without classes and words is described by them alone.
    """
    head, space = features.head, features.words
    wanted = features.usual_layers if channels or not (head or space) else ()
    return Description(
        classes=_classes(features, head, picture, count) if head else [],
        words=_words(features, space, picture, count) if space else [],
        channels={layer: _strongest(features, layer, picture, count) for layer in wanted},
    )


def _classes(features: FeatureModel, head: Head, picture: OtherSizeImage, count: int) -> list[Seen]:
    middle = class_scores(features, head, middle_of(picture)).softmax(0)
    whole = class_scores(features, head, whole_of(picture)).softmax(0)
    numbers: list[int] = middle.topk(min(count, len(middle))).indices.tolist()
    return [
        Seen(n, label_of(head, n), class_name(head, n), float(middle[n]), float(whole[n]))
        for n in numbers
    ]


def _words(
    features: FeatureModel, space: WordSpace, picture: OtherSizeImage, count: int
) -> list[tuple[str, float]]:
    return space.nearest(class_scores(features, space.head, middle_of(picture)), count)


def _strongest(
    features: FeatureModel, layer: str, picture: OtherSizeImage, count: int
) -> list[int]:
    means = channel_means(features, layer, whole_of(picture))
    return means.topk(min(count, len(means))).indices.tolist()


def class_scores(
    features: FeatureModel, head: Head, image: OtherSizeImage
) -> Float[Tensor, " outputs"]:
    """The head's outputs: the mean of those at all places, as the network itself has them."""
    return head.weight @ channel_means(features, head.layer, image) + head.bias


def channel_means(
    features: FeatureModel, layer: str, image: OtherSizeImage
) -> Float[Tensor, " channels"]:
    """How active each channel of a layer is, over all places."""
    with torch.no_grad():
        return features(image, [layer])[layer].mean((0, 2, 3))


def label_of(head: Head, number: int) -> str:
    return head.labels[number] if number < len(head.labels) else f"class {number}"


def class_name(head: Head, number: int) -> str:
    """What `dream.classes` calls a class: its label, or its number where that is not enough."""
    known = number < len(head.labels) and list(head.labels).count(head.labels[number]) == 1
    return head.labels[number] if known else str(number)


def heats_of(
    features: FeatureModel, picture: OtherSizeImage, found: Description
) -> dict[str, Heat]:
    """Where in the whole picture each of its classes and words is seen."""
    heats: dict[str, Heat] = {}
    if features.head and found.classes:
        logits = _at_places(features, features.head, picture)
        apart = logits - logits.mean(0)
        heats |= {seen.title: _scaled(apart[seen.number]) for seen in found.classes}
    if features.words and found.words:
        seen = F.normalize(_at_places(features, features.words.head, picture), dim=0)
        for word, _ in found.words:
            cosines = torch.einsum("d,dhw->hw", features.words.vector(word), seen)
            heats[word] = _scaled(cosines)
    return heats


def _at_places(features: FeatureModel, head: Head, picture: OtherSizeImage) -> Tensor:
    """The head's outputs at every place of the whole picture: (outputs, rows, columns)."""
    with torch.no_grad():
        seen = features(whole_of(picture, MAP_SHORT), [head.layer])[head.layer]
    return F.conv2d(seen, head.weight[:, :, None, None], head.bias)[0]


def _scaled(values: Heat) -> Heat:
    """Nothing where it is not above zero, 1 where it is seen most; squared, to tell them apart."""
    above = values.clamp_min(0)
    return (above / above.max().clamp_min(TINY)).square()
