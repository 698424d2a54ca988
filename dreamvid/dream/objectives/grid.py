"""Where a layer's places lie in the picture: what masks, single places and tiles go by."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Activation, OtherSizeActivation

Shift = tuple[float, float]
"""How far a picture is rolled down and across, as shares of its height and width."""
STILL: Shift = (0.0, 0.0)
ALMOST = 1 - 1e-6  # the far edge: at 1 a rolled picture begins again
Mask = Float[Tensor, "1 1 rows columns"]
"""How much each part of the picture counts, 0 to 1; of any size, laid over all of it."""


@dataclass(frozen=True)
class Grid:
    """The places of a layer that a picture, or a piece of one, was turned into.

    A piece's own places come first; rows and columns after them are its neighbours' and only
    there to be looked at.
    """

    whole: tuple[int, int]  # rows and columns of the whole picture's places
    own: tuple[int, int]  # rows and columns that are counted here
    first: tuple[int, int] = (0, 0)  # row and column of this piece's first place in the whole
    shift: Shift = STILL
    mask: Mask | None = None

    def masked(self, mask: Mask | None) -> "Grid":
        return replace(self, mask=mask)

    def rows(self, device: torch.device) -> Float[Tensor, " rows"]:
        """How far down the unrolled picture each own row lies, 0 to 1."""
        return self._along(0, device)

    def columns(self, device: torch.device) -> Float[Tensor, " columns"]:
        return self._along(1, device)

    def _along(self, axis: int, device: torch.device) -> Tensor:
        numbers = torch.arange(self.own[axis], device=device) + self.first[axis]
        return ((numbers + 0.5) / self.whole[axis] - self.shift[axis]) % 1.0

    def nearest(self, place: tuple[float, float]) -> tuple[slice, slice]:
        """The own row and column at a place of the picture (across, down); none elsewhere."""
        across, down = place
        return self._at(down, 0), self._at(across, 1)

    def _at(self, share: float, axis: int) -> slice:
        rolled = (min(share, ALMOST) + self.shift[axis]) % 1.0
        number = min(int(rolled * self.whole[axis]), self.whole[axis] - 1) - self.first[axis]
        return slice(number, number + 1) if 0 <= number < self.own[axis] else slice(0, 0)

    def weights(self) -> Float[Tensor, "rows columns"] | float:
        """How much each own place counts."""
        if self.mask is None:
            return 1.0
        height, width = self.mask.shape[-2:]
        rows = (self.rows(self.mask.device) * height).long().clamp_max(height - 1)
        columns = (self.columns(self.mask.device) * width).long().clamp_max(width - 1)
        return self.mask[0, 0][rows[:, None], columns]

    def of(self, activation: Activation) -> OtherSizeActivation:
        """The own places alone."""
        return activation[..., : self.own[0], : self.own[1]]


def whole_grid(activation: Activation, shift: Shift = STILL) -> Grid:
    """All places of a picture that was looked at in one piece."""
    size = (activation.shape[-2], activation.shape[-1])
    return Grid(whole=size, own=size, shift=shift)
