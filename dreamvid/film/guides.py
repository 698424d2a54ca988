"""Guides' features, for the objectives that need them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch

from dreamvid.dream.objectives.grid import Mask
from dreamvid.errors import ModelError, PresetError
from dreamvid.film.masking import ANY, Masking, make_masking
from dreamvid.image import OtherSizeActivation, OtherSizeImage, fit, resize
from dreamvid.media.images.reading import load
from dreamvid.models.features import FeatureModel
from dreamvid.preset.objectives import GuideWeight
from dreamvid.preset.schema import DreamOptions
from dreamvid.schedule.moment import Moment

SIDE = 1024  # pixels; longer guides are downscaled, as their features cost memory
LEAST = 16  # pixels a side; in smaller ones features are all border


Inside = Callable[[Moment], tuple[Mask | None, float]]
"""Moment -> an entry's mask, None where it has none, and the share of the image it covers."""


@dataclass(frozen=True)
class Guide:
    """Features and mask of one guide."""

    options: GuideWeight
    features: dict[str, OtherSizeActivation]  # by layer
    inside: Inside


def read_guides(
    options: DreamOptions, features: FeatureModel, device: torch.device, size: tuple[int, int]
) -> list[Guide]:
    """Compute each guide's features in the layers that are guided; raises PresetError.

    `size` is the (height, width) of the images that are dreamed on.
    """
    layers = options.guided_layers
    if layers and not options.guide:
        problem = "this dream is guided by a picture"
        raise PresetError("dream.guide", problem, "--set dream.guide=PICTURE")
    guides = []
    for number, guide in enumerate(options.guide):
        where = f"dream.guide[{number}].mask"
        masking = make_masking(guide.mask, size, None, torch.device("cpu"), option=where)
        activations = _activations(guide, layers, features, device)
        guides.append(Guide(guide, activations, inside_of(masking, device)))
    return guides


def inside_of(masking: Masking, device: torch.device) -> Inside:
    """Make the masks of an entry, and the share of the image that each covers."""

    def inside(moment: Moment) -> tuple[Mask | None, float]:
        mask = masking.at(moment)  # on the CPU, so that its mean stalls no GPU
        return (None, 1.0) if mask is None else (mask.to(device), float(mask.mean()))

    if masking.still:
        constant = inside(ANY)
        return lambda moment: constant
    # Every guided layer needs the same one.
    return lru_cache(maxsize=1)(inside)


def _activations(
    guide: GuideWeight, layers: list[str], features: FeatureModel, device: torch.device
) -> dict[str, OtherSizeActivation]:
    path = guide.path
    whole = load(path, option="dream.guide")
    if min(whole.shape[-2:]) < LEAST:
        problem = f"{path} is {whole.shape[-1]}x{whole.shape[-2]} pixels, too small for a guide"
        raise PresetError("dream.guide", problem, f"give a picture of at least {LEAST} a side")
    image = _scaled(whole, guide.size)
    try:
        with torch.no_grad():
            return features(image.to(device), layers)
    except ModelError as error:
        size = f"{image.shape[-1]}x{image.shape[-2]}"
        problem = f"{path} is {size} pixels, too small for these layers"
        raise PresetError("dream.guide", problem, "a larger picture") from error


def _scaled(image: OtherSizeImage, size: int) -> OtherSizeImage:
    """Downscale an image so that its shorter side is at most `size`, its longer one SIDE."""
    height, width = image.shape[-2:]
    scale = min(size / min(height, width), SIDE / max(height, width))
    if scale >= 1:
        return image
    return fit(image, (max(1, round(height * scale)), max(1, round(width * scale))))


def shrunk(image: OtherSizeImage) -> OtherSizeImage:
    """Downscale an image whose longer side exceeds SIDE."""
    longest = max(image.shape[-2:])
    if longest <= SIDE:
        return image
    height, width = (max(1, round(side * SIDE / longest)) for side in image.shape[-2:])
    return resize(image, (height, width))
