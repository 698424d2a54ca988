"""Views of a photo: square crops for training, the same for the same number."""

import random
from functools import lru_cache
from pathlib import Path

from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transform

from dreamvid.image import Image, OtherSizeImage
from dreamvid.media.images.reading import load

SHORT, SIDE = 256, 224  # pixels: the photo's shorter side, and the view's; the 2018 recipe's
CENTRE = 0  # number of the central view, used for validation


def view(photo: Path, name: str, number: int, seed: int) -> Image:
    """Crop a 224 x 224 square from a photo scaled to 256 pixels at its shorter side, on the CPU.

    Args:
        name: the photo's identity; name, number and seed alone decide where the square lies.
        number: `CENTRE`, or any other for a random square, half of them mirrored.

    Raises PresetError for a photo that cannot be read.
    """
    image = _scaled(photo)
    height, width = image.shape[-2:]
    if number == CENTRE:
        return transform.center_crop(image, [SIDE, SIDE])
    rng = random.Random(f"{seed} {number} {name}")
    top, left = rng.randint(0, height - SIDE), rng.randint(0, width - SIDE)
    square = transform.crop(image, top, left, SIDE, SIDE)
    return transform.horizontal_flip(square) if rng.random() < 0.5 else square


@lru_cache(maxsize=1)  # a photo's views are asked for one after another
def _scaled(photo: Path) -> OtherSizeImage:
    image = load(photo, option="--images")
    bicubic = InterpolationMode.BICUBIC
    return transform.resize(image, [SHORT], interpolation=bicubic, antialias=True).clamp(0, 1)
