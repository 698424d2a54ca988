"""One step of a dream on disk: `step.ascend` tile by tile and band by band."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import torch

from dreamvid.dream.gradient import TINY, grey, like_photos
from dreamvid.dream.objectives.grid import STILL, Shift
from dreamvid.dream.objectives.score import Score
from dreamvid.dream.optimisers import ADAM, MOMENTUM
from dreamvid.dream.optimisers import TINY as ADAM_TINY
from dreamvid.dream.regularise import FINEST, towards_less_variation
from dreamvid.dream.settings import Ascent
from dreamvid.dream.smooth import REACH, blur, cascade
from dreamvid.dream.tiling.bands import change, itself, mean_size
from dreamvid.dream.tiling.disk_image import DiskImage
from dreamvid.dream.tiling.disk_pyramid import normalise_disk_pyramid
from dreamvid.dream.tiling.tile_size import SMALLEST
from dreamvid.dream.tiling.tiled_gradient import tiled_gradient
from dreamvid.errors import DreamvidError
from dreamvid.image import OtherSizeImage
from dreamvid.system.memory import ran_out

TILE = 1024  # pixels a side


@dataclass
class Scratch:
    """Where the pictures of one dream are kept, and how it is computed."""

    folder: Path
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    tile: int = TILE
    _numbers: Iterator[int] = field(default_factory=count)

    def new(self, size: tuple[int, int]) -> DiskImage:
        """A black picture of (height, width); raises OSError."""
        return DiskImage(self.folder / f"{next(self._numbers)}.raw", size).clear()


def add_slope(
    score: Score,
    picture: DiskImage,
    into: DiskImage,
    scratch: Scratch,
    *,
    shift: Shift = STILL,
    on_row: Callable[[int], None] = lambda row: None,
) -> None:
    """Put the slope of a score at a picture, which was rolled by `shift`, into a black one.

    Where memory runs out the tiles are halved, for good, and it begins anew.
    """
    while True:
        try:
            return _add_tiles(score, picture, into, scratch, shift, on_row)
        except (RuntimeError, MemoryError, OSError) as error:
            if not ran_out(error) or scratch.tile // 2 < SMALLEST:
                raise
        scratch.tile //= 2
        into.clear()


def _add_tiles(
    score: Score,
    picture: DiskImage,
    into: DiskImage,
    scratch: Scratch,
    shift: Shift,
    on_row: Callable[[int], None],
) -> None:
    def read(top: int, left: int, height: int, width: int) -> OtherSizeImage:
        return picture.read(top, left, height, width).to(scratch.device)

    furthest = 0

    def add(top: int, left: int, piece: OtherSizeImage) -> None:
        nonlocal furthest
        into.add(top, left, piece.cpu())
        height, width = piece.shape[-2:]  # of windows that overlap
        furthest = max(furthest, top + height * (left + width) // picture.size[1])
        on_row(min(furthest, picture.size[0] - 1))

    tiled_gradient(score, picture.size, shift, read, add, scratch.tile)


@dataclass
class Climb:
    """The steps of one octave. The direction is `scale` times what its file holds."""

    picture: DiskImage
    score: Score
    scratch: Scratch
    rng: torch.Generator
    on_row: Callable[[int], None]  # told how many rows of this step are done
    gradient: DiskImage | None = None
    spare: DiskImage | None = None  # for what cannot be changed in place
    mean: DiskImage | None = None  # an optimiser's memory
    square: DiskImage | None = None

    def step(self, ascent: Ascent, number: int) -> None:
        """`step.ascend`, in the same order."""
        direction, scale = self._way_up(ascent)
        direction, scale = self._optimised(direction, scale, ascent.optimiser, number)
        direction, scale = self._shaped(direction, scale, ascent)
        self.gradient = direction
        self._move(direction, ascent.step_size / 255 * scale, ascent)

    def tidy(self) -> None:
        """Leave nothing but the picture."""
        for spare in (self.gradient, self.spare, self.mean, self.square):
            if spare:
                spare.delete()

    def _way_up(self, ascent: Ascent) -> tuple[DiskImage, float]:
        size, jitter = self.picture.size, ascent.jitter
        across, down = torch.randint(-jitter, jitter + 1, (2,), generator=self.rng).tolist()
        gradient = self.gradient.clear() if self.gradient else self.scratch.new(size)
        seen, slope = (one.rolled(down, across) for one in (self.picture, gradient))
        shift = (down / size[0], across / size[1])
        add_slope(self.score, seen, slope, self.scratch, shift=shift, on_row=self.on_row)
        self.on_row(size[0])
        if ascent.pyramid:
            normalise_disk_pyramid(slope, ascent.pyramid, self.scratch.new)
        return gradient, _inverse(mean_size(itself, gradient))

    def _optimised(
        self, direction: DiskImage, scale: float, optimiser: str, number: int
    ) -> tuple[DiskImage, float]:
        """`optimise.OPTIMISERS`, all but the last scaling of which is each pixel's own."""
        if optimiser == "ascent":
            return direction, scale
        self.mean = mean = self.mean or self.scratch.new(direction.size)
        if optimiser == "momentum":
            change(mean, lambda old, new: MOMENTUM * old + scale * new, mean, direction)
            change(direction, itself, mean)
            return direction, _inverse(mean_size(itself, direction))
        keep, keep_square = ADAM
        self.square = square = self.square or self.scratch.new(direction.size)
        change(mean, lambda m, d: keep * m + (1 - keep) * scale * d, mean, direction)
        change(
            square,
            lambda s, d: keep_square * s + (1 - keep_square) * (scale * d).square(),
            square,
            direction,
        )
        even, even_square = 1 - keep**number, 1 - keep_square**number
        change(
            direction, lambda m, s: m / even / ((s / even_square).sqrt() + ADAM_TINY), mean, square
        )
        return direction, _inverse(mean_size(itself, direction))

    def _shaped(
        self, direction: DiskImage, scale: float, ascent: Ascent
    ) -> tuple[DiskImage, float]:
        """`gradient.shape`."""
        if ascent.smooth:
            soft = partial(cascade, sigma=ascent.smooth)
            other = self._other()
            change(other, soft, direction, reach=blur_reach(2 * ascent.smooth))
            direction, self.spare = other, direction
            scale = _inverse(mean_size(itself, direction))
        for part, share in ((like_photos, ascent.decorrelate), (grey, ascent.luminance)):
            if share:
                own = (1 - share) * scale
                taken = share * _inverse(mean_size(part, direction))
                mixed = lambda d, part=part, own=own, taken=taken: own * d + taken * part(d)
                change(direction, mixed, direction)
                scale = _inverse(mean_size(itself, direction))
        return direction, scale

    def _move(self, direction: DiskImage, step: float, ascent: Ascent) -> None:
        """The step itself; raises DreamvidError where it leads to no number."""
        if not (ascent.total_variation or ascent.high_frequency):
            moved = lambda image, way: (image + step * way).clamp(0, 1)
            change(self.picture, _checked(moved), self.picture, direction)
            return
        pull, reach = self._pull(ascent)
        moved = lambda image, way: (image + (step * way + pull(image))).clamp(0, 1)
        other = self._other()
        change(other, _checked(moved), self.picture, direction, reach=reach)
        self.picture, self.spare = other, self.picture

    def _pull(self, ascent: Ascent) -> tuple[Callable[[OtherSizeImage], OtherSizeImage], int]:
        """`step._pull`, and the rows it reaches."""
        step = abs(ascent.step_size) / 255
        variation, finest = ascent.total_variation * step, ascent.high_frequency * step
        missing = lambda image: blur(image, FINEST) - image
        share = 0.0
        if finest:
            size = mean_size(missing, self.picture, reach=blur_reach(FINEST))
            share = finest / max(size, finest)

        def pull(image: OtherSizeImage) -> OtherSizeImage:
            total = torch.zeros_like(image)
            if variation:
                total = total + towards_less_variation(image, variation)
            if finest:
                total = total + share * missing(image)
            return total + ascent.luminance * (grey(total) - total)

        return pull, max(2, blur_reach(FINEST))

    def _other(self) -> DiskImage:
        return self.spare or self.scratch.new(self.picture.size)


def _checked(how: Callable[..., OtherSizeImage]) -> Callable[..., OtherSizeImage]:
    def checked(*bands: OtherSizeImage) -> OtherSizeImage:
        band = how(*bands)
        if not bool(torch.isfinite(band).all()):
            problem = "the dream is no longer a number (NaN); try other dream.layers"
            raise DreamvidError(f"{problem} or a smaller step_size")
        return band

    return checked


def blur_reach(sigma: float) -> int:
    """Rows that a Gaussian blur reaches, and a few more."""
    return round(REACH * sigma) + 2


def _inverse(size: float) -> float:
    return 1 / max(size, TINY)
