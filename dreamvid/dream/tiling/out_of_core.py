"""The dream of `step.py` for an image larger than memory: the same steps, from files.

The same to rounding, that is, which a dream of many steps makes large: another dream, no worse.

Each image that is as large as the dreamed one lies on the disk; the network sees it tile by
tile, all else goes over it band by band. Mean sizes, which no band has by itself, are added up
first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from dreamvid.dream.objectives.score import Score
from dreamvid.dream.octaves import octave_sizes, typical_octave
from dreamvid.dream.optimisers import images_remembered
from dreamvid.dream.postprocess import EDGE, finish
from dreamvid.dream.regularise import PULLS
from dreamvid.dream.settings import AROUND_STEPS, Ascent, active, unknown_fields
from dreamvid.dream.shaping import SHAPERS
from dreamvid.dream.smooth import blur_reach
from dreamvid.dream.step import steps_of
from dreamvid.dream.tiling.bands import band_of, bands, itself, mean_size, resized, rows
from dreamvid.dream.tiling.disk_image import PIXEL, DiskImage
from dreamvid.dream.tiling.out_of_core_step import DiskOctave, Scratch, add_gradient
from dreamvid.errors import PresetError
from dreamvid.image import OtherSizeImage

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1."""
STEP_FIELDS = frozenset({"step_size", "jitter", "optimiser", "pyramid"})
"""Fields of `Ascent` that a step on disk reads itself; SHAPERS and PULLS have the others."""


def bytes_needed(size: tuple[int, int], ascent: Ascent) -> int:
    """Most bytes taken on the disk while an image of (height, width) is dreamed on."""
    smaller = 1 / ascent.octave_scale**2
    bases = 1 / (1 - smaller) if ascent.octaves > 1 else 1.0
    shapers = any(shaper.rows(amount) for shaper, amount in active(SHAPERS, ascent))
    spare = shapers or any(active(PULLS, ascent))
    dream_and_gradient = 2
    images = bases + dream_and_gradient + images_remembered(ascent.optimiser)
    images += spare + bool(ascent.pyramid)
    return round(size[0] * size[1] * PIXEL * images)


def check(ascent: Ascent, size: tuple[int, int]) -> None:
    """Raise PresetError for what only an image in memory, or a larger one, allows."""
    octave_sizes(*size, octaves=ascent.octaves, scale=ascent.octave_scale)
    cure = "{}, a smaller --size, or --in-memory"
    for name, shaper in SHAPERS.items():
        if shaper.whole and getattr(ascent, name):
            raise PresetError(f"dream.{name}", shaper.whole, cure.format(0))
    for name in unknown_fields(ascent, STEP_FIELDS | AROUND_STEPS | {*SHAPERS, *PULLS}):
        default = getattr(type(ascent), name)
        raise PresetError(f"dream.{name}", "is not known to a dream on disk", cure.format(default))


def dream_on_disk(
    image: DiskImage,
    score: Score,
    ascent: Ascent,
    scratch: Scratch,
    *,
    rng: torch.Generator,
    on_progress: Progress = lambda share: None,
) -> Callable[[int, int], OtherSizeImage]:
    """Apply `step.dream` to an image on disk, which is not changed; returns a reader of its rows.

    Raises PresetError, OSError, and DreamvidError where the dream is no longer a number.
    """
    check(ascent, image.size)
    sizes = octave_sizes(*image.size, octaves=ascent.octaves, scale=ascent.octave_scale)
    bases = [image]
    for size in sizes[-2::-1]:
        bases.append(_copy(bases[-1], size, scratch))
    score = _balanced(score, bases[::-1][typical_octave(sizes)], scratch)
    steps_done = _StepsDone(sizes, ascent.steps, on_progress)
    before, result = None, None
    for octave, base in enumerate(bases[::-1]):
        start = _with_detail(base, before, result, scratch)
        for spent in (before, result):
            if spent:
                spent.delete()
        steps = steps_of(ascent, octave)
        before, result = base, _dream_octave(start, score, steps, scratch, rng, steps_done)
    assert result
    return partial(_finished_rows, image, result, ascent)


def shrunk_copy(image: DiskImage, longest: int) -> OtherSizeImage:
    """Read an image into memory, scaled so that no side is longer than `longest` pixels."""
    side = max(image.size)
    if side <= longest:
        return rows(image, 0, image.size[0])
    height, width = (max(1, round(length * longest / side)) for length in image.size)
    return torch.cat(
        [_scaled_rows(image, (height, width), row, row + 1) for row in range(height)], dim=-2
    )


def _balanced(score: Score, base: DiskImage, scratch: Scratch) -> Score:
    """Apply `Score.balanced`, each part's gradient taken tile by tile."""
    gradients = []
    for part in score.alone():
        gradient = scratch.new(base.size)
        add_gradient(part, base, gradient, scratch)
        # One pixel has the mean size of them all.
        gradients.append(
            torch.full((1, 3, 1, 1), mean_size(itself, gradient), device=scratch.device)
        )
        gradient.delete()
    return score.with_gradients(gradients)


def _copy(image: DiskImage, size: tuple[int, int], scratch: Scratch) -> DiskImage:
    copied = scratch.new(size)
    for top, end in bands(size):
        copied.write(top, 0, _scaled_rows(image, size, top, end))
    return copied


def _scaled_rows(image: DiskImage, size: tuple[int, int], top: int, end: int) -> OtherSizeImage:
    return resized(partial(rows, image), image.size, size, top, end)


def _with_detail(
    base: DiskImage, before: DiskImage | None, result: DiskImage | None, scratch: Scratch
) -> DiskImage:
    """Add to the base what the octave below has added to its own."""
    start = scratch.new(base.size)
    for top, end in bands(base.size):
        band = rows(base, top, end)
        if before and result:
            added = lambda first, last: rows(result, first, last) - rows(before, first, last)
            band = band + resized(added, before.size, base.size, top, end)
        start.write(top, 0, band)
    return start


@dataclass
class _StepsDone:
    """The share of all steps that is done, each counted by its pixels."""

    sizes: list[tuple[int, int]]
    steps: int
    on_progress: Progress
    done: float = 0.0  # pixels

    def in_step(self, size: tuple[int, int], row: int) -> None:
        total = self.steps * sum(height * width for height, width in self.sizes)
        self.on_progress((self.done + row * size[1]) / total)
        self.done += size[0] * size[1] if row == size[0] else 0.0


def _dream_octave(
    image: DiskImage,
    score: Score,
    steps: list[Ascent],
    scratch: Scratch,
    rng: torch.Generator,
    steps_done: _StepsDone,
) -> DiskImage:
    octave = DiskOctave(image, score, scratch, rng, partial(steps_done.in_step, image.size))
    for step in steps:
        octave.step(step)
    octave.tidy()
    return octave.image


def _finished_rows(
    before: DiskImage, result: DiskImage, ascent: Ascent, top: int, end: int
) -> OtherSizeImage:
    last = partial(finish, ascent=ascent)
    return band_of(last, before, result, top=top, end=end, reach=blur_reach(EDGE))
