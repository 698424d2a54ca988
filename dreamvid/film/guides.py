"""What a dream is led by besides the picture itself: guides' features, and directions."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from dreamvid.dream.objectives.grid import Mask
from dreamvid.errors import ModelError, PresetError
from dreamvid.film.masking import ANY, Masking, make_masking
from dreamvid.image import OtherSizeActivation, OtherSizeImage, resize
from dreamvid.media.images.reading import load
from dreamvid.models.directions.direction import Direction, read_direction
from dreamvid.models.directions.library import SHIPPED, find, how
from dreamvid.models.features import FeatureModel
from dreamvid.models.weights import store
from dreamvid.preset.schema import DreamOptions, GuideWeight
from dreamvid.schedule.moment import Moment

logger = logging.getLogger(__name__)

SIDE = 1024  # pixels; a longer guide is shrunk, its features cost memory
LEAST = 16  # pixels a side; in less a layer sees no more than its own border


Inside = Callable[[Moment], tuple[Mask | None, float]]
"""A guide's mask at a moment, None where it has none, and what share of the picture it covers."""


@dataclass(frozen=True)
class Guide:
    options: GuideWeight
    seen: dict[str, OtherSizeActivation]  # by layer
    inside: Inside


def read_guides(
    options: DreamOptions, features: FeatureModel, device: torch.device, size: tuple[int, int]
) -> list[Guide]:
    """What the layers that are guided see in each guide; raises PresetError.

    Args:
        size: (height, width) of the pictures that are dreamed on.
    """
    layers = options.guided_layers
    if layers and not options.guide:
        problem = "this dream is guided by a picture"
        raise PresetError("dream.guide", problem, "--set dream.guide=PICTURE")
    guides = []
    for number, guide in enumerate(options.guide):
        where = f"dream.guide[{number}].mask"
        masking = make_masking(guide.mask, size, None, torch.device("cpu"), option=where)
        seen = _seen(guide.path, layers, features, device)
        guides.append(Guide(guide, seen, _inside(masking, device)))
    return guides


def _inside(masking: Masking, device: torch.device) -> Inside:
    def inside(moment: Moment) -> tuple[Mask | None, float]:
        mask = masking.at(moment)  # on the CPU, so that its mean stalls no GPU
        return (None, 1.0) if mask is None else (mask.to(device), float(mask.mean()))

    if masking.still:
        always = inside(ANY)
        return lambda moment: always
    # Every layer that is guided asks for the same one.
    return lru_cache(maxsize=1)(inside)


def _seen(
    path: Path, layers: list[str], features: FeatureModel, device: torch.device
) -> dict[str, OtherSizeActivation]:
    whole = load(path, option="dream.guide")
    if min(whole.shape[-2:]) < LEAST:
        problem = f"{path} is {whole.shape[-1]}x{whole.shape[-2]} pixels, too small for a guide"
        raise PresetError("dream.guide", problem, f"give a picture of at least {LEAST} a side")
    picture = shrunk(whole)
    try:
        with torch.no_grad():
            return features(picture.to(device), layers)
    except ModelError as error:
        size = f"{picture.shape[-1]}x{picture.shape[-2]}"
        problem = f"{path} is {size} pixels, too small for these layers"
        raise PresetError("dream.guide", problem, "a larger picture") from error


def shrunk(picture: OtherSizeImage) -> OtherSizeImage:
    longest = max(picture.shape[-2:])
    if longest <= SIDE:
        return picture
    height, width = (max(1, round(side * SIDE / longest)) for side in picture.shape[-2:])
    return resize(picture, (height, width))


def direction_for(wanted: str | Path, features: FeatureModel) -> Direction:
    """A direction by its name or file; raises PresetError for one of another model.

    A user's own of the same model before it was trained again is warned of.
    """
    path = find(wanted, features.name)
    direction = read_direction(path)
    base, _ = features.same_as or ("", ())
    fitting = direction.model in ("", features.name, base)
    if not fitting and not _same_file(direction, features.name):
        problem = f"{wanted} was made for {direction.model}, not for {features.name}"
        raise PresetError("dream.direction", problem, how(wanted, features.name))
    for layer in direction.weights:
        if layer not in features.layers:
            problem = f"{wanted} is for {layer}, a layer that {features.name} does not have"
            raise PresetError("dream.direction", problem, how(wanted, features.name))
    own = direction.model == features.name and SHIPPED not in path.parents
    if own and direction.digest and not _same_file(direction, features.name):
        logger.warning(
            "dream.direction: %s was made for another %s than the one that is here; %s anew",
            *(wanted, features.name, how(wanted, features.name)),
        )
    return direction


def _same_file(direction: Direction, model: str) -> bool:
    """Whether it was made for what is here under this name, whatever it was called."""
    installed = store.find(model)
    return installed is not None and installed.digest == direction.digest
