"""Scaling of an image band by band, for results that need not fit into memory."""

from math import ceil, floor

import numpy as np
import torch
from PIL import Image as PilImage

from dreamvid.image import OtherSizeImage, crop
from dreamvid.media.images.reading import Decoded

RADIUS = 2  # pixels of the bicubic kernel; of the smaller image
READ = 4_000_000  # source pixels read at a time, beside the kernel's


def fitted(opened: Decoded, size: tuple[int, int]) -> Decoded:
    """Crop and scale to (height, width) as `image.fit` does, by Pillow's bicubic in bands."""
    top, left, rows, columns = crop((opened.height, opened.width), size)
    middle = Decoded(
        rows,
        columns,
        lambda first, end: opened.rows(top + first, top + end)[..., left : left + columns],
    )
    if (rows, columns) == size:
        return middle
    step = max(1, READ * size[0] // (rows * opened.width))

    def scaled(first: int, end: int) -> OtherSizeImage:
        starts = range(first, end, step)
        return torch.cat([_band(middle, size, at, min(at + step, end)) for at in starts], -2)

    return Decoded(*size, scaled)


def _band(middle: Decoded, size: tuple[int, int], first: int, end: int) -> OtherSizeImage:
    """Scale the source rows that rows `first` to `end` of the result depend on."""
    scale = middle.height / size[0]
    radius = RADIUS * max(scale, 1) + 1
    low = max(0, floor(first * scale - radius))
    high = min(middle.height, ceil(end * scale + radius))
    planes = middle.rows(low, high)[0].numpy()
    box = (0, first * scale - low, middle.width, min(end * scale - low, high - low))

    def resized(plane: np.ndarray) -> np.ndarray:
        image = PilImage.fromarray(np.ascontiguousarray(plane))
        return np.asarray(image.resize((size[1], end - first), PilImage.Resampling.BICUBIC, box))

    return torch.from_numpy(np.stack([resized(plane) for plane in planes]))[None].clamp(0, 1)
