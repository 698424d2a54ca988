"""A picture scaled while its rows are asked for: its result need not fit into memory."""

from math import ceil, floor

import numpy as np
import torch
from PIL import Image as PilImage

from dreamvid.image import OtherSizeImage, crop
from dreamvid.media.images.reading import Decoded

REACH = 2  # pixels to either side that bicubic looks at; of the smaller picture
READ = 4_000_000  # pixels of the other picture read at a time, and the filter's reach


def fitted(opened: Decoded, size: tuple[int, int]) -> Decoded:
    """`image.fit` of a picture on the CPU, in bands: by Pillow, whose filter is the same.

    Args:
        size: (height, width) in pixels.
    """
    top, left, rows, columns = crop((opened.height, opened.width), size)
    if (rows, columns) == size:
        return Decoded(
            *size,
            lambda first, end: opened.rows(top + first, top + end)[..., left : left + columns],
        )
    middle = Decoded(
        rows,
        columns,
        lambda first, end: opened.rows(top + first, top + end)[..., left : left + columns],
    )
    step = max(1, READ * size[0] // (rows * opened.width))

    def scaled(first: int, end: int) -> OtherSizeImage:
        starts = range(first, end, step)
        return torch.cat([_band(middle, size, at, min(at + step, end)) for at in starts], -2)

    return Decoded(*size, scaled)


def _band(middle: Decoded, size: tuple[int, int], first: int, end: int) -> OtherSizeImage:
    """Rows of the scaled picture, from the rows of the other that they are made of."""
    scale = middle.height / size[0]
    reach = REACH * max(scale, 1) + 1
    low = max(0, floor(first * scale - reach))
    high = min(middle.height, ceil(end * scale + reach))
    planes = middle.rows(low, high)[0].numpy()
    box = (0, first * scale - low, middle.width, min(end * scale - low, high - low))

    def resized(plane: np.ndarray) -> np.ndarray:
        picture = PilImage.fromarray(np.ascontiguousarray(plane))
        return np.asarray(picture.resize((size[1], end - first), PilImage.Resampling.BICUBIC, box))

    return torch.from_numpy(np.stack([resized(plane) for plane in planes]))[None].clamp(0, 1)
