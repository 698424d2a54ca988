"""A score whose gradient is taken in tiles where the image is too large for memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch

from dreamvid.dream.objectives.grid import STILL, Shift
from dreamvid.dream.objectives.score import Differentiable, Features, Score
from dreamvid.dream.tiling.receptive_field import check_tileable
from dreamvid.dream.tiling.tile_size import SHARE, SMALLEST, Size, fitting_side
from dreamvid.dream.tiling.tiled_gradient import tiled_gradient
from dreamvid.errors import PresetError
from dreamvid.image import Image, OtherSizeImage
from dreamvid.system import allocator
from dreamvid.system.memory import ran_out


@dataclass
class Tiling:
    """Sides of tiles; remembers those that fitted, from step to step and frame to frame."""

    request: Literal["auto"] | int  # pixels a side
    share: float = SHARE  # of the free memory, less each time that it runs out
    sides: dict[tuple[tuple[str, ...], Size], int | None] = field(default_factory=dict)

    def side(self, score: Score, image: OtherSizeImage) -> int | None:
        """Look up or measure the side of this image's tiles; None: it is taken whole."""
        key = _key(score, image)
        if key not in self.sides:
            fixed = None if self.request == "auto" else self.request
            self.sides[key] = fixed or fitting_side(score, image, self.share)
        return self.sides[key]

    def smaller(self, score: Score, image: OtherSizeImage) -> bool:
        """Halve the tiles of images like this; False where they cannot be smaller."""
        key, longest = _key(score, image), max(image.shape[-2:])
        # Not known yet where memory ran out while it was measured.
        side = min(self.sides.get(key) or longest, longest) // 2
        if side < SMALLEST:
            return False
        try:
            check_tileable(score.features, score.layers, image)
        except PresetError:
            return False
        self.sides[key] = side
        self.share /= 2
        return True


@dataclass(frozen=True)
class TiledScore:
    """A score whose gradient is taken tile by tile where that is needed."""

    score: Score
    tiling: Tiling

    def balanced(self, image: Image) -> Differentiable:
        gradients = [TiledScore(one, self.tiling).gradient(image) for one in self.score.alone()]
        return TiledScore(self.score.with_gradients(gradients), self.tiling)

    def gradient(self, image: Image, shift: Shift = STILL) -> Image:
        """Take the gradient, in smaller tiles each time memory runs out, down to the smallest."""
        while True:
            try:
                return self._gradient(image, shift)
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error):
                    raise
                failed = error.with_traceback(None)  # which holds all that the try had
            if image.device.type == "cuda":
                torch.cuda.empty_cache()
            allocator.spare()
            if not self.tiling.smaller(self.score, image):
                raise failed

    def whole(self, image: Image) -> Score | None:
        """Unwrap the score for an image that is taken whole; None for one taken in tiles."""
        side = self.tiling.side(self.score, image)
        return self.score if side is None or side >= max(image.shape[-2:]) else None

    def _gradient(self, image: Image, shift: Shift) -> Image:
        if score := self.whole(image):
            return score.gradient(image, shift)
        side = self.tiling.side(self.score, image)
        assert side
        result, image = torch.zeros_like(image), image.detach()

        def read(top: int, left: int, height: int, width: int) -> OtherSizeImage:
            return image[..., top : top + height, left : left + width]

        def add(top: int, left: int, piece: OtherSizeImage) -> None:
            height, width = piece.shape[-2:]
            result[..., top : top + height, left : left + width] += piece

        tiled_gradient(self.score, (image.shape[-2], image.shape[-1]), shift, read, add, side)
        return result


def _key(score: Score, image: OtherSizeImage) -> tuple[tuple[str, ...], Size]:
    return score.layers, (image.shape[-2], image.shape[-1])


def make_tiling(
    tile: Literal["auto", "off"] | int,
    features: Features,
    layers: Sequence[str],
    device: torch.device,
) -> Tiling | None:
    """Make the tiling of `dream.tile`; None: off.

    Raises PresetError where tiles of a size are requested for layers that cannot be tiled.
    """
    if isinstance(tile, int) and layers:
        check_tileable(features, tuple(layers), torch.zeros(1, 3, 1, 1, device=device))
    return None if tile == "off" else Tiling(tile)
