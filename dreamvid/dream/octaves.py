"""Sizes that an image is dreamed at."""

from collections.abc import Sequence

from dreamvid.errors import PresetError

SMALLEST = 8  # pixels a side; below that nothing is left to dream on
TYPICAL = 128  # pixels a side, at which a deep layer still has several positions


def octave_sizes(height: int, width: int, *, octaves: int, scale: float) -> list[tuple[int, int]]:
    """List the octaves' sizes (height, width), smallest first; the last is (height, width).

    Each is the next larger one divided by `scale` and rounded, as `nd.zoom` in the 2015
    program does it. Raises PresetError when the smallest gets too small to dream on.
    """
    sizes = [(height, width)]
    for _ in range(octaves - 1):
        sizes.append((round(sizes[-1][0] * (1 / scale)), round(sizes[-1][1] * (1 / scale))))
    smallest = sizes[-1]
    if octaves > 1 and min(smallest) < SMALLEST:
        fitting = sum(min(size) >= SMALLEST for size in sizes)
        raise PresetError(
            "dream.octaves",
            f"{octaves} octaves of {width}x{height} end at {smallest[1]}x{smallest[0]} pixels",
            f"at most {max(1, fitting)} fit",
        )
    return sizes[::-1]


def typical_octave(sizes: Sequence[tuple[int, int]]) -> int:
    """Choose the octave, 0 the smallest, at which the parts of a score are balanced."""
    large = (octave for octave, size in enumerate(sizes) if min(size) >= TYPICAL)
    return next(large, len(sizes) - 1)
