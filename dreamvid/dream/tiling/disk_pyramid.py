"""Normalise the Laplacian pyramid of a gradient on disk, each level band by band."""

from collections.abc import Callable
from functools import partial

from dreamvid.dream.gradient import SMALLEST, TINY, blur_and_halve
from dreamvid.dream.tiling.bands import bands, by_areas, resized, rows
from dreamvid.dream.tiling.disk_image import DiskImage
from dreamvid.image import OtherSizeImage

New = Callable[[tuple[int, int]], DiskImage]
"""Creates an image of (height, width)."""


def normalise_disk_pyramid(gradient: DiskImage, levels: int, new: New) -> None:
    """Apply `normalise_pyramid` in place."""
    waves = [gradient]
    while len(waves) <= levels and min(waves[-1].size) >= SMALLEST:
        waves.append(_halve(waves[-1], new))
    last = waves.pop()
    strength = _rms(last, partial(rows, last))
    result = new(last.size) if waves else gradient
    for top, end in bands(last.size):
        result.write(top, 0, rows(last, top, end) / strength)
    for large in reversed(waves):
        smaller, result = (last, result), _add_level(large, last, result, gradient, new)
        last = large
        for image in smaller:
            image.delete()


def _add_level(
    large: DiskImage, small: DiskImage, below: DiskImage, first: DiskImage, new: New
) -> DiskImage:
    """Add one normalised level to the result of those below; the first level in place."""

    def band(top: int, end: int) -> OtherSizeImage:
        return rows(large, top, end) - _enlarge(small, large.size, top, end)

    strength = _rms(large, band)
    result = large if large is first else new(large.size)
    for top, end in bands(large.size):
        normalised = band(top, end) / strength
        result.write(top, 0, _enlarge(below, large.size, top, end) + normalised)
    return result


def _halve(large: DiskImage, new: New) -> DiskImage:
    height, width = large.size
    small = new((-(-height // 2), -(-width // 2)))
    for top, end in bands(small.size):
        # Four rows more on each side: what the filter mirrors at a cut is dropped.
        first, last = max(0, 2 * top - 4), min(height, 2 * end + 4)
        half = blur_and_halve(rows(large, first, last))
        small.write(top, 0, half[..., top - first // 2 : end - first // 2, :])
    return small


def _enlarge(small: DiskImage, size: tuple[int, int], top: int, end: int) -> OtherSizeImage:
    return resized(partial(rows, small), small.size, size, top, end, by_areas)


def _rms(image: DiskImage, band: Callable[[int, int], OtherSizeImage]) -> float:
    squares = (float(band(top, end).double().square().sum()) for top, end in bands(image.size))
    return max((sum(squares) / (3 * image.size[0] * image.size[1])) ** 0.5, TINY)
