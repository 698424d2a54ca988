"""Masks of shape (1, 1, H, W), 1 where the dream is in full: shapes, motion, soft borders.

To add a shape, write a function (canvas, size, at) -> the distance in pixels of each pixel from
the shape's border, below 0 outside, register it, and add its name to `Shape` in `preset/mask.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.smooth import blur
from dreamvid.system.registry import Registry

WIDE = 10  # pixels: the sigma beyond which a mask is shrunk before it is blurred


@dataclass(frozen=True)
class Canvas:
    """Grid of an image's pixel centres."""

    height: int
    width: int
    device: torch.device

    @property
    def x(self) -> Float[Tensor, " columns"]:
        return torch.arange(self.width, device=self.device) + 0.5

    @property
    def y(self) -> Float[Tensor, "rows 1"]:
        return torch.arange(self.height, device=self.device)[:, None] + 0.5

    @property
    def shorter(self) -> int:
        return min(self.height, self.width)


Position = tuple[float, float]
"""Across and down, as shares of the width and the height."""
SHAPES: Registry[Callable[[Canvas, float, Position], Tensor]] = Registry()


@SHAPES.register("centre")
def centre(canvas: Canvas, size: float, at: Position) -> Tensor:
    """Disc around a position."""
    radius = torch.hypot(canvas.x - at[0] * canvas.width, canvas.y - at[1] * canvas.height)
    return size * canvas.shorter / 2 - radius


@SHAPES.register("edge")
def edge(canvas: Canvas, size: float, at: Position) -> Tensor:
    """Margin all around the image."""
    across = torch.minimum(canvas.x, canvas.width - canvas.x)
    down = torch.minimum(canvas.y, canvas.height - canvas.y)
    return size * canvas.shorter / 2 - torch.minimum(across, down)


@SHAPES.register("horizon")
def horizon(canvas: Canvas, size: float, at: Position) -> Tensor:
    """Band from side to side."""
    return size * canvas.height / 2 - (canvas.y - at[1] * canvas.height).abs()


@SHAPES.register("sky")
def sky(canvas: Canvas, size: float, at: Position) -> Tensor:
    return size * canvas.height - canvas.y


@SHAPES.register("ground")
def ground(canvas: Canvas, size: float, at: Position) -> Tensor:
    return canvas.y - (1 - size) * canvas.height


@SHAPES.register("left")
def left(canvas: Canvas, size: float, at: Position) -> Tensor:
    return size * canvas.width - canvas.x


@SHAPES.register("right")
def right(canvas: Canvas, size: float, at: Position) -> Tensor:
    return canvas.x - (1 - size) * canvas.width


def shape(name: str, canvas: Canvas, *, size: float, at: Position) -> Mask:
    """Draw a shape antialiased, so that it moves smoothly, not from pixel to pixel."""
    inside = (SHAPES[name](canvas, size, at) + 0.5).clamp(0, 1)
    return inside.expand(1, 1, canvas.height, canvas.width)


def moving(flow: Float[Tensor, "rows columns 2"], *, full: float) -> Mask:
    """Mask a flow by its speed: 1 from `full` pixels a frame on, 0 up to half of that."""
    speed = flow.square().sum(-1).sqrt()
    return (2 * speed / full - 1).clamp(0, 1)[None, None]


def feathered(mask: Mask, deviation: float) -> Mask:
    """Soften a mask's borders by a Gaussian of `deviation` pixels; beyond its reach 0 stays 0."""
    if deviation > WIDE:  # so wide a blur looks the same on a shrunk mask
        factor = int(deviation / WIDE * 2)
        size = (mask.shape[-2], mask.shape[-1])
        small = F.interpolate(mask, [-(-side // factor) for side in size], mode="area")
        return F.interpolate(feathered(small, deviation / factor), size, mode="bilinear")
    return blur(mask, deviation).clamp(0, 1) if deviation else mask
