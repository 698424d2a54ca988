"""A picture scaled while its rows are asked for: its result need not fit into memory."""

import numpy as np
import torch
from PIL import Image as PilImage

from dreamvid.image import OtherSizeImage, crop
from dreamvid.pictures.reading import Opened


def fitted(opened: Opened, size: tuple[int, int]) -> Opened:
    """`image.fit` of a picture on the CPU, in bands: by Pillow, whose filter is the same.

    Args:
        size: (height, width) in pixels.
    """
    top, left, rows, columns = crop((opened.height, opened.width), size)
    if (rows, columns) == size:
        return Opened(
            *size,
            lambda first, end: opened.rows(top + first, top + end)[..., left : left + columns],
        )
    middle = opened.rows(top, top + rows)[0, :, :, left : left + columns]
    planes = [PilImage.fromarray(np.ascontiguousarray(plane)) for plane in middle.numpy()]

    def scaled(first: int, end: int) -> OtherSizeImage:
        box = (0, first * rows / size[0], columns, end * rows / size[0])
        target = size[1], end - first
        bands = [plane.resize(target, PilImage.Resampling.BICUBIC, box) for plane in planes]
        return torch.from_numpy(np.stack([np.asarray(band) for band in bands]))[None].clamp(0, 1)

    return Opened(*size, scaled)
