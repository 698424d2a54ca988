"""Step of a dream on disk: `step.ascend` tile by tile and band by band."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import torch

from dreamvid.dream.finite import check_finite
from dreamvid.dream.gradient import TINY
from dreamvid.dream.jitter import draw_jitter
from dreamvid.dream.objectives.grid import STILL, Shift
from dreamvid.dream.objectives.score import Score
from dreamvid.dream.optimisers import OPTIMISERS, Past, images_remembered
from dreamvid.dream.regularise import PULLS, Pull, in_luminance
from dreamvid.dream.settings import Ascent, active
from dreamvid.dream.shaping import SHAPERS, Shaper
from dreamvid.dream.tiling.bands import bands, change, itself, mean_size, rows
from dreamvid.dream.tiling.disk_image import DiskImage
from dreamvid.dream.tiling.disk_pyramid import normalise_disk_pyramid
from dreamvid.dream.tiling.tile_size import SMALLEST
from dreamvid.dream.tiling.tiled_gradient import tiled_gradient
from dreamvid.image import OtherSizeImage
from dreamvid.system.memory import ran_out

TILE = 1024  # pixels a side


@dataclass
class Scratch:
    """Folder for the images of one dream, and how it is computed."""

    folder: Path
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    tile: int = TILE
    _numbers: Iterator[int] = field(default_factory=count)

    def new(self, size: tuple[int, int]) -> DiskImage:
        """Create a black image of (height, width); raises OSError."""
        return DiskImage(self.folder / f"{next(self._numbers)}.raw", size).clear()


def add_gradient(
    score: Score,
    image: DiskImage,
    into: DiskImage,
    scratch: Scratch,
    *,
    shift: Shift = STILL,
    on_row: Callable[[int], None] = lambda row: None,
) -> None:
    """Add the score's gradient at an image, which was rolled by `shift`, to a black one.

    Where memory runs out the tiles are halved, for good, and it begins anew. Calls `on_row` with
    the number of rows that are done.
    """
    while True:
        try:
            return _add_tiles(score, image, into, scratch, shift, on_row)
        except (RuntimeError, MemoryError, OSError) as error:
            if not ran_out(error) or scratch.tile // 2 < SMALLEST:
                raise
        scratch.tile //= 2
        into.clear()


def _add_tiles(
    score: Score,
    image: DiskImage,
    into: DiskImage,
    scratch: Scratch,
    shift: Shift,
    on_row: Callable[[int], None],
) -> None:
    def read(top: int, left: int, height: int, width: int) -> OtherSizeImage:
        return image.read(top, left, height, width).to(scratch.device)

    furthest = 0

    def add(top: int, left: int, piece: OtherSizeImage) -> None:
        nonlocal furthest
        into.add(top, left, piece.cpu())
        height, width = piece.shape[-2:]  # of windows that overlap
        furthest = max(furthest, top + height * (left + width) // image.size[1])
        on_row(min(furthest, image.size[0] - 1))

    tiled_gradient(score, image.size, shift, read, add, scratch.tile)


@dataclass
class DiskOctave:
    """The steps of one octave. A direction is `scale` times what its file holds."""

    image: DiskImage
    score: Score
    scratch: Scratch
    rng: torch.Generator
    on_row: Callable[[int], None]  # called with the rows of this step that are done
    gradient: DiskImage | None = None
    spare: DiskImage | None = None  # for what cannot be changed in place
    memory: tuple[DiskImage, ...] = ()  # the optimiser's
    steps: int = 0

    def step(self, ascent: Ascent) -> None:
        """Take the step of `step.ascend`, in the same order."""
        direction, scale = self._ascent_direction(ascent)
        direction, scale = self._optimise(direction, scale, ascent.optimiser)
        for shaper, amount in active(SHAPERS, ascent):
            direction, scale = self._shape(direction, scale, shaper, amount)
        self.gradient = direction
        self._move(direction, ascent.step_size / 255 * scale, ascent)

    def tidy(self) -> None:
        """Delete every file but the image's."""
        for file in (self.gradient, self.spare, *self.memory):
            if file:
                file.delete()

    def _ascent_direction(self, ascent: Ascent) -> tuple[DiskImage, float]:
        size = self.image.size
        down, across = draw_jitter(ascent.jitter, self.rng)
        gradient = self.gradient.clear() if self.gradient else self.scratch.new(size)
        image, rolled = (file.rolled(down, across) for file in (self.image, gradient))
        shift = (down / size[0], across / size[1])
        add_gradient(self.score, image, rolled, self.scratch, shift=shift, on_row=self.on_row)
        self.on_row(size[0])
        if ascent.pyramid:
            normalise_disk_pyramid(rolled, ascent.pyramid, self.scratch.new)
        return gradient, _inverse(mean_size(itself, gradient))

    def _optimise(self, direction: DiskImage, scale: float, name: str) -> tuple[DiskImage, float]:
        """Apply `optimise` in place, all of it but the scaling band by band."""
        if not (count := images_remembered(name)):
            return direction, scale
        known = bool(self.memory)
        self.memory = self.memory or tuple(self.scratch.new(direction.size) for _ in range(count))
        for top, end in bands(direction.size):
            images = tuple(rows(file, top, end) for file in self.memory)
            past = Past(self.steps, images) if known else None
            band, past = OPTIMISERS[name](scale * rows(direction, top, end), past)
            assert past
            direction.write(top, 0, band)
            for file, image in zip(self.memory, past.images, strict=True):
                file.write(top, 0, image)
        self.steps += 1
        return direction, _inverse(mean_size(itself, direction))

    def _shape(
        self, direction: DiskImage, scale: float, shaper: Shaper, amount: float
    ) -> tuple[DiskImage, float]:
        reach, filtered = shaper.rows(amount), lambda band: shaper.filter(band, amount)
        if shaper.blends:
            own = (1 - amount) * scale
            part = amount * _inverse(mean_size(filtered, direction, reach=reach))
            result = lambda band: own * band + part * filtered(band)
        else:
            result = filtered
        into = self._spare() if reach else direction
        change(into, result, direction, reach=reach)
        if into is not direction:
            self.spare = direction
        return into, _inverse(mean_size(itself, into))

    def _move(self, direction: DiskImage, step: float, ascent: Ascent) -> None:
        """Change the image; raises DreamvidError where it is no longer a number."""
        pulls = list(active(PULLS, ascent))
        if not pulls:
            moved = lambda image, way: _finite((image + step * way).clamp(0, 1))
            change(self.image, moved, self.image, direction)
            return
        unit = abs(ascent.step_size) / 255
        scaled = [self._scaled(pull, amount * unit) for pull, amount in pulls]

        def pulled(image: OtherSizeImage, way: OtherSizeImage) -> OtherSizeImage:
            total = torch.zeros_like(image)
            for pull in scaled:
                total = total + pull(image)
            total = in_luminance(total, ascent.luminance)
            return _finite((image + (step * way + total)).clamp(0, 1))

        other = self._spare()
        reach = max(pull.rows for pull, _ in pulls)
        change(other, pulled, self.image, direction, reach=reach)
        self.image, self.spare = other, self.image

    def _scaled(self, pull: Pull, reach: float) -> Callable[[OtherSizeImage], OtherSizeImage]:
        """A pull of a band, limited by the mean size of the whole image's."""
        part = lambda band: pull.change(band, reach)
        if not pull.limited:
            return part
        share = reach / max(mean_size(part, self.image, reach=pull.rows), reach)
        return lambda band: share * part(band)

    def _spare(self) -> DiskImage:
        return self.spare or self.scratch.new(self.image.size)


def _finite(band: OtherSizeImage) -> OtherSizeImage:
    check_finite(band)
    return band


def _inverse(size: float) -> float:
    return 1 / max(size, TINY)
