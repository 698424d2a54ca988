"""Pulls on the image while it is dreamed: less variation, less of the finest detail.

A pull depends on the image alone and changes it, however strong the dream is, by about `reach` a
pixel, in units of the image's range. No pull overshoots, at any reach.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from dreamvid.dream.gradient import grey
from dreamvid.dream.settings import Ascent, active
from dreamvid.dream.smooth import blur, blur_reach
from dreamvid.image import Image

LEVEL = 1 / 255  # differences below one grey level are no edges
FINEST = 1.0  # pixels: the sigma of the blur that leaves the finest detail out


@dataclass(frozen=True)
class Pull:
    """A change of the image in each step, of a reach of the `Ascent` field times the step size."""

    change: Callable[[Image, float], Image]  # (image, reach)
    rows: int  # above and below that a row of the change depends on
    limited: bool = False  # the change is scaled down to a mean size of `reach`

    def __call__(self, image: Image, reach: float) -> Image:
        change = self.change(image, reach)
        if not self.limited:
            return change
        return change * (reach / change.abs().mean().clamp_min(reach))


def pull(image: Image, ascent: Ascent) -> Image:
    """Add up the active PULLS of a step; the same for a dream that descends."""
    total = torch.zeros_like(image)
    for one, amount in active(PULLS, ascent):
        total = total + one(image, amount * (abs(ascent.step_size) / 255))
    return in_luminance(total, ascent.luminance)


def in_luminance(change: Image, share: float) -> Image:
    """Blend a change with its grey part."""
    return change + share * (grey(change) - change) if share else change


def towards_less_variation(image: Image, reach: float) -> Image:
    """Descend the gradient of total variation, sqrt(dx^2 + dy^2 + e^2) (Rudin et al., 1992).

    Noise and shallow slopes become even, edges stay. The gradient itself is near 1 wherever
    something varies, at most 4, and 0 where nothing does, so it is not scaled.
    """
    # Larger steps need a rounder tip: a step is stable up to e / 4.
    edge = max(LEVEL, 4 * reach)
    down = F.pad(image.diff(dim=-2), (0, 0, 0, 1))
    across = F.pad(image.diff(dim=-1), (0, 1))
    size = (down.square() + across.square() + edge**2).sqrt()
    down, across = down / size, across / size
    fall_down = torch.diff(down, dim=-2, prepend=torch.zeros_like(down[..., :1, :]))
    fall_across = torch.diff(across, dim=-1, prepend=torch.zeros_like(across[..., :1]))
    return reach * (fall_down + fall_across)


PULLS: dict[str, Pull] = {
    "total_variation": Pull(towards_less_variation, rows=2),
    "high_frequency": Pull(
        lambda image, reach: blur(image, FINEST) - image, rows=blur_reach(FINEST), limited=True
    ),
}
"""Pulls by their field of `Ascent`, in the order they are added up."""
