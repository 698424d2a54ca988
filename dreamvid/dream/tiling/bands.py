"""Pictures on disk worked through in bands of full width, from the top down."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from dreamvid.dream.tiling.disk_image import DiskImage
from dreamvid.image import OtherSizeImage

BAND = 1_000_000  # pixels at a time: 12 MB of each picture
Change = Callable[..., OtherSizeImage]
"""From a band of each picture to a band of the result."""


def bands(size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """First row, and the one after the last, of each band of a picture of (height, width)."""
    height, width = size
    step = max(1, BAND // width)
    for top in range(0, height, step):
        yield top, min(top + step, height)


def rows(picture: DiskImage, top: int, end: int) -> OtherSizeImage:
    return picture.read(top, 0, end - top, picture.size[1])


def change(into: DiskImage, how: Change, *pictures: DiskImage, reach: int = 0) -> None:
    """Write `how(*pictures)` into a picture; it may be one of them if `reach` is 0.

    Args:
        reach: rows above and below that a row of the result depends on.
    """
    for top, band in changed(how, *pictures, reach=reach):
        into.write(top, 0, band)


def mean_size(how: Change, *pictures: DiskImage, reach: int = 0) -> float:
    """The mean of |how(*pictures)|, added up in double precision."""
    parts = [float(band.abs().double().sum()) for _, band in changed(how, *pictures, reach=reach)]
    return sum(parts) / (3 * pictures[0].size[0] * pictures[0].size[1])


def changed(
    how: Change, *pictures: DiskImage, reach: int = 0
) -> Iterator[tuple[int, OtherSizeImage]]:
    """Each band of `how(*pictures)`, and its first row; the pictures are of one size."""
    for top, end in bands(pictures[0].size):
        yield top, band_of(how, *pictures, top=top, end=end, reach=reach)


def band_of(how: Change, *pictures: DiskImage, top: int, end: int, reach: int) -> OtherSizeImage:
    """Some rows of `how(*pictures)`."""
    first, last = max(0, top - reach), min(pictures[0].size[0], end + reach)
    wide = how(*(rows(picture, first, last) for picture in pictures))
    return wide[..., top - first : end - first, :]


def itself(band: OtherSizeImage) -> OtherSizeImage:
    return band


Places = Callable[[int, int], np.ndarray]
"""(number before, number after scaling) -> where in the old each new one lies, in pixels.

In single precision, as torch has it, so that bands are to the bit what the whole would be.
"""


def by_corners(old: int, new: int) -> np.ndarray:
    """Corner pixels stay in the corners: `image.resize`."""
    scale = np.float32(old - 1) / np.float32(max(1, new - 1))
    return np.arange(new, dtype=np.float32) * scale


def by_areas(old: int, new: int) -> np.ndarray:
    """The picture's borders stay its borders: torch's `align_corners=False`."""
    scale = np.float32(old) / np.float32(new)
    half = np.float32(0.5)
    return ((np.arange(new, dtype=np.float32) + half) * scale - half).clip(0)


def resized(
    read: Callable[[int, int], OtherSizeImage],
    old: tuple[int, int],
    new: tuple[int, int],
    top: int,
    end: int,
    places: Places = by_corners,
) -> OtherSizeImage:
    """Some rows of a picture that is scaled, bilinearly.

    Args:
        read: gives rows of the picture before, from the first number to before the second.
    """
    down, across = places(old[0], new[0])[top:end], places(old[1], new[1])
    first, last = int(down[0]), min(int(down[-1]) + 2, old[0])
    band = read(first, last)
    band = _between(band, down - first, -2)
    return _between(band, across, -1)


def _between(image: Tensor, places: np.ndarray, axis: int) -> Tensor:
    """Along one axis, the values at places that lie between pixels."""
    before = places.astype(np.int64)
    after = (before + 1).clip(max=image.shape[axis] - 1)
    share = torch.from_numpy((places - before).astype(np.float32))
    share = share[:, None] if axis == -2 else share
    one, two = (image.index_select(axis, torch.from_numpy(n)) for n in (before, after))
    return one + share * (two - one)
