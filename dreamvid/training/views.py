"""Views of a photo: what a network is shown of it, always the same for the same number."""

import random
from functools import lru_cache
from pathlib import Path

from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as change

from dreamvid.image import Image, OtherSizeImage
from dreamvid.media.images.reading import load

SHORT, SIDE = 256, 224  # pixels: the photo's shorter side, and the view's; the 2018 recipe's
MIDDLE = 0  # the view that a photo is judged by


def view(photo: Path, name: str, number: int, seed: int) -> Image:
    """A square of the photo, its shorter side scaled to 256: 224 x 224, on the CPU.

    Args:
        name: the photo's identity; where the square lies depends on it, the number and the
            seed alone.
        number: `MIDDLE`, or any other: a random square, half of them mirrored.

    Raises PresetError for a photo that cannot be read.
    """
    picture = _scaled(photo)
    height, width = picture.shape[-2:]
    if number == MIDDLE:
        return change.center_crop(picture, [SIDE, SIDE])
    draw = random.Random(f"{seed} {number} {name}")
    top, left = draw.randint(0, height - SIDE), draw.randint(0, width - SIDE)
    square = change.crop(picture, top, left, SIDE, SIDE)
    return change.horizontal_flip(square) if draw.random() < 0.5 else square


@lru_cache(maxsize=1)  # the views of one photo are asked for one after another
def _scaled(photo: Path) -> OtherSizeImage:
    picture = load(photo, option="--images")
    smooth = InterpolationMode.BICUBIC
    return change.resize(picture, [SHORT], interpolation=smooth, antialias=True).clamp(0, 1)
