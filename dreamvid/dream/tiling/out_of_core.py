"""The dream of `step.py` for a picture larger than memory: the same steps, from files.

To rounding, that is, which a dream of many steps makes large: another dream, no worse.

Each picture that is as large as the dreamed one lies on the disk; the network sees it tile by
tile, all else goes over it band by band. What no band can tell by itself, mean sizes, is
added up first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from dreamvid.dream.objectives.score import Score
from dreamvid.dream.octaves import octave_sizes, typical_octave
from dreamvid.dream.postprocess import EDGE, finish
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import steps_of
from dreamvid.dream.tiling.bands import band_of, bands, itself, mean_size, resized, rows
from dreamvid.dream.tiling.disk_image import PIXEL, DiskImage
from dreamvid.dream.tiling.out_of_core_step import Climb, Scratch, add_slope, blur_reach
from dreamvid.errors import PresetError
from dreamvid.image import OtherSizeImage

Progress = Callable[[float], None]
"""Told the share of the work that is done, 0 to 1."""


def bytes_needed(size: tuple[int, int], ascent: Ascent) -> int:
    """On the disk, at most, while a picture of (height, width) is dreamed on."""
    smaller = 1 / ascent.octave_scale**2
    bases = 1 / (1 - smaller) if ascent.octaves > 1 else 1.0
    memory = {"momentum": 1, "adam": 2}.get(ascent.optimiser, 0)
    beside = bool(ascent.smooth or ascent.total_variation or ascent.high_frequency)
    pyramid = 1.0 if ascent.pyramid else 0.0
    pictures = bases + 2 + memory + beside + pyramid  # and the dream and its gradient
    return round(size[0] * size[1] * PIXEL * pictures)


def check(ascent: Ascent, size: tuple[int, int]) -> None:
    """Raises PresetError for what only a picture in memory, or a larger one, allows."""
    octave_sizes(*size, octaves=ascent.octaves, scale=ascent.octave_scale)
    if ascent.frequency:
        problem = "waves of a whole picture cannot be weighed on disk"
        raise PresetError("dream.frequency", problem, "0, a smaller --size, or --in-memory")


def dream_on_disk(
    picture: DiskImage,
    score: Score,
    ascent: Ascent,
    scratch: Scratch,
    *,
    rng: torch.Generator,
    on_progress: Progress = lambda share: None,
) -> Callable[[int, int], OtherSizeImage]:
    """`step.dream` of a picture on disk, which stays as it is.

    Returns:
        What gives the rows of the dream from the first number to before the second.

    Raises PresetError, OSError, and DreamvidError where the dream is no longer a number.
    """
    check(ascent, picture.size)
    sizes = octave_sizes(*picture.size, octaves=ascent.octaves, scale=ascent.octave_scale)
    bases = [picture]
    for size in sizes[-2::-1]:
        bases.append(_copy(bases[-1], size, scratch))
    score = _balanced(score, bases[::-1][typical_octave(sizes)], scratch)
    told = _Share(sizes, ascent.steps, on_progress)
    before, result = None, None
    for octave, base in enumerate(bases[::-1]):
        grown = _with_detail(base, before, result, scratch)
        for spent in (before, result):
            if spent:
                spent.delete()
        before, result = base, _octave(grown, score, steps_of(ascent, octave), scratch, rng, told)
    assert result
    return partial(_finished, picture, result, ascent)


def shrunk_copy(picture: DiskImage, longest: int) -> OtherSizeImage:
    """The picture in memory, scaled so that no side is longer than so many pixels."""
    side = max(picture.size)
    if side <= longest:
        return rows(picture, 0, picture.size[0])
    height, width = (max(1, round(length * longest / side)) for length in picture.size)
    return torch.cat(
        [_scaled(picture, (height, width), row, row + 1) for row in range(height)], dim=-2
    )


def _balanced(score: Score, base: DiskImage, scratch: Scratch) -> Score:
    """`Score.balanced`, each part's slope taken tile by tile."""
    slopes = []
    for part in score.alone():
        slope = scratch.new(base.size)
        add_slope(part, base, slope, scratch)
        # One pixel has the mean size of them all.
        slopes.append(torch.full((1, 3, 1, 1), mean_size(itself, slope), device=scratch.device))
        slope.delete()
    return score.with_slopes(slopes)


def _copy(picture: DiskImage, size: tuple[int, int], scratch: Scratch) -> DiskImage:
    copied = scratch.new(size)
    for top, end in bands(size):
        copied.write(top, 0, _scaled(picture, size, top, end))
    return copied


def _scaled(picture: DiskImage, size: tuple[int, int], top: int, end: int) -> OtherSizeImage:
    return resized(partial(rows, picture), picture.size, size, top, end)


def _with_detail(
    base: DiskImage, before: DiskImage | None, result: DiskImage | None, scratch: Scratch
) -> DiskImage:
    """The base, and what the octave below has added to its own."""
    grown = scratch.new(base.size)
    for top, end in bands(base.size):
        band = rows(base, top, end)
        if before and result:
            added = lambda first, last: rows(result, first, last) - rows(before, first, last)
            band = band + resized(added, before.size, base.size, top, end)
        grown.write(top, 0, band)
    return grown


@dataclass
class _Share:
    """How much of all steps is done, each counted by its pixels."""

    sizes: list[tuple[int, int]]
    steps: int
    on_progress: Progress
    done: float = 0.0  # pixels

    def in_step(self, size: tuple[int, int], row: int) -> None:
        whole = self.steps * sum(height * width for height, width in self.sizes)
        self.on_progress((self.done + row * size[1]) / whole)
        self.done += size[0] * size[1] if row == size[0] else 0.0


def _octave(
    picture: DiskImage,
    score: Score,
    steps: list[Ascent],
    scratch: Scratch,
    rng: torch.Generator,
    told: _Share,
) -> DiskImage:
    climb = Climb(picture, score, scratch, rng, partial(told.in_step, picture.size))
    for number, step in enumerate(steps, 1):
        climb.step(step, number)
    climb.tidy()
    return climb.picture


def _finished(
    before: DiskImage, result: DiskImage, ascent: Ascent, top: int, end: int
) -> OtherSizeImage:
    last = partial(finish, ascent=ascent)
    return band_of(last, before, result, top=top, end=end, reach=blur_reach(EDGE))
