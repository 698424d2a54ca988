"""Spatial positions of a layer in the image: the coordinates of masks, neurons and tiles."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Activation, OtherSizeActivation

Shift = tuple[float, float]
"""Distance that an image is rolled down and across, as shares of its height and width."""
STILL: Shift = (0.0, 0.0)
ALMOST = 1 - 1e-6  # the far edge: at 1 a rolled image begins again
Mask = Float[Tensor, "1 1 rows columns"]
"""Weight of each part of the image, 0 to 1; of any size, stretched over all of it."""


@dataclass(frozen=True)
class Grid:
    """Positions of a layer in an image, or in a piece of one.

    A piece's own positions come first; rows and columns after them are its neighbours' and only
    there to be compared with.
    """

    whole: tuple[int, int]  # rows and columns of the whole image's positions
    own: tuple[int, int]  # rows and columns that are counted here
    first: tuple[int, int] = (0, 0)  # row and column of this piece's first position in the whole
    shift: Shift = STILL
    mask: Mask | None = None

    def rows(self, device: torch.device) -> Float[Tensor, " rows"]:
        """Centres of the own rows down the unrolled image, 0 to 1."""
        return self._along(0, device)

    def columns(self, device: torch.device) -> Float[Tensor, " columns"]:
        """Centres of the own columns across the unrolled image, 0 to 1."""
        return self._along(1, device)

    def _along(self, axis: int, device: torch.device) -> Tensor:
        numbers = torch.arange(self.own[axis], device=device) + self.first[axis]
        return ((numbers + 0.5) / self.whole[axis] - self.shift[axis]) % 1.0

    def nearest(self, position: tuple[float, float]) -> tuple[slice, slice]:
        """Find the own row and column at (across, down), 0 to 1; empty slices if elsewhere."""
        across, down = position
        return self._at(down, 0), self._at(across, 1)

    def _at(self, share: float, axis: int) -> slice:
        rolled = (min(share, ALMOST) + self.shift[axis]) % 1.0
        number = min(int(rolled * self.whole[axis]), self.whole[axis] - 1) - self.first[axis]
        return slice(number, number + 1) if 0 <= number < self.own[axis] else slice(0, 0)

    def weights(self) -> Float[Tensor, "rows columns"] | float:
        """Sample the mask at the own positions; 1.0 without one."""
        if self.mask is None:
            return 1.0
        height, width = self.mask.shape[-2:]
        rows = (self.rows(self.mask.device) * height).long().clamp_max(height - 1)
        columns = (self.columns(self.mask.device) * width).long().clamp_max(width - 1)
        return self.mask[0, 0][rows[:, None], columns]

    def of(self, activation: Activation) -> OtherSizeActivation:
        """Cut an activation to the own positions."""
        return activation[..., : self.own[0], : self.own[1]]


def whole_grid(activation: Activation, shift: Shift = STILL) -> Grid:
    """Make the grid of an image that is seen in one piece."""
    size = (activation.shape[-2], activation.shape[-1])
    return Grid(whole=size, own=size, shift=shift)
