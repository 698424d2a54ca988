"""Images on disk worked through in bands of full width, from the top down."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from dreamvid.dream.tiling.disk_image import DiskImage
from dreamvid.image import OtherSizeImage

BAND = 1_000_000  # pixels at a time: 12 MB of each image
Work = Callable[..., OtherSizeImage]
"""Function of a band of each image to a band of the result."""


def bands(size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the first row, and the one after the last, of each band of an image."""
    height, width = size
    step = max(1, BAND // width)
    for top in range(0, height, step):
        yield top, min(top + step, height)


def rows(image: DiskImage, top: int, end: int) -> OtherSizeImage:
    """Read the rows from `top` to before `end`."""
    return image.read(top, 0, end - top, image.size[1])


def change(into: DiskImage, work: Work, *images: DiskImage, reach: int = 0) -> None:
    """Write `work(*images)` to an image; it may be one of them if `reach` is 0.

    `reach` is how many rows above and below a row of the result depends on.
    """
    for top, band in results(work, *images, reach=reach):
        into.write(top, 0, band)


def mean_size(work: Work, *images: DiskImage, reach: int = 0) -> float:
    """Average |work(*images)|, summed in double precision."""
    sums = [float(band.abs().double().sum()) for _, band in results(work, *images, reach=reach)]
    return sum(sums) / (3 * images[0].size[0] * images[0].size[1])


def results(work: Work, *images: DiskImage, reach: int = 0) -> Iterator[tuple[int, OtherSizeImage]]:
    """Yield the first row and the pixels of each band of `work(*images)`; all of one size."""
    for top, end in bands(images[0].size):
        yield top, band_of(work, *images, top=top, end=end, reach=reach)


def band_of(work: Work, *images: DiskImage, top: int, end: int, reach: int) -> OtherSizeImage:
    """Compute some rows of `work(*images)`."""
    first, last = max(0, top - reach), min(images[0].size[0], end + reach)
    wide = work(*(rows(image, first, last) for image in images))
    return wide[..., top - first : end - first, :]


def itself(band: OtherSizeImage) -> OtherSizeImage:
    return band


Positions = Callable[[int, int], np.ndarray]
"""(length before, length after scaling) -> the old position of each new pixel, in pixels.

In single precision, as torch has it, so that bands are to the bit what the whole would be.
"""


def by_corners(old: int, new: int) -> np.ndarray:
    """Place pixels so that those in the corners stay there, as `image.resize` does."""
    scale = np.float32(old - 1) / np.float32(max(1, new - 1))
    return np.arange(new, dtype=np.float32) * scale


def by_areas(old: int, new: int) -> np.ndarray:
    """Place pixels so that the image's borders stay there: torch's `align_corners=False`."""
    scale = np.float32(old) / np.float32(new)
    half = np.float32(0.5)
    return ((np.arange(new, dtype=np.float32) + half) * scale - half).clip(0)


def resized(
    read: Callable[[int, int], OtherSizeImage],
    old: tuple[int, int],
    new: tuple[int, int],
    top: int,
    end: int,
    positions: Positions = by_corners,
) -> OtherSizeImage:
    """Compute the rows from `top` to before `end` of an image scaled bilinearly.

    `old` and `new` are (height, width); `read` gives the old rows from a first to before a last.
    """
    down, across = positions(old[0], new[0])[top:end], positions(old[1], new[1])
    first, last = int(down[0]), min(int(down[-1]) + 2, old[0])
    band = read(first, last)
    band = _interpolate(band, down - first, -2)
    return _interpolate(band, across, -1)


def _interpolate(image: Tensor, positions: np.ndarray, axis: int) -> Tensor:
    """Interpolate linearly along one axis, at positions between pixels."""
    before = positions.astype(np.int64)
    after = (before + 1).clip(max=image.shape[axis] - 1)
    share = torch.from_numpy((positions - before).astype(np.float32))
    share = share[:, None] if axis == -2 else share
    one, two = (image.index_select(axis, torch.from_numpy(n)) for n in (before, after))
    return one + share * (two - one)
