"""Camera: a frame's motion as a sampling map, and the image sampled by it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.motion.moves import MOVES, Motion, Positions
from dreamvid.motion.resample import (
    Levels,
    Map,
    Planes,
    Sampled,
    downsampling_levels,
    inside,
    sample_bilinear,
    sample_cubic,
    sample_downsampled,
)


@dataclass(frozen=True)
class Shot:
    """Sampling of a frame from the one before."""

    positions: Map  # in the frame before, in pixels
    uncovered: Float[Tensor, "1 1 h w"] | None  # 1 outside the frame before; None: nowhere
    levels: Levels | None  # of downsampling; None: nowhere


Camera = Callable[[Motion, float], Shot | None]
"""(motion, seconds) -> the sampling of a frame; None: nothing moves."""


def frame_map(
    motion: Motion, *, seconds: float, height: int, width: int, device: torch.device
) -> Map | None:
    """Compute the position of each pixel `seconds` before; None if nothing moves.

    All kinds of motion are composed into one map, so that the image is resampled only once.
    """
    candidates = [make(motion, seconds, height, width) for make in MOVES.values()]
    warps = [warp for warp in candidates if warp is not None]
    if not warps:
        return None
    positions = pixel_positions(height, width, device)
    for warp in warps:
        positions = warp(positions)
    # Clamped to what fits the integers that index pixels.
    return positions.clamp(-1e6, 1e6).float()


def pixel_positions(height: int, width: int, device: torch.device) -> Positions:
    """Make the identity map, in float64 where the device has it: float32 loses 1e-4 px at 4K."""
    dtype = torch.float32 if device.type == "mps" else torch.float64
    y, x = torch.meshgrid(
        torch.arange(height, dtype=dtype, device=device),
        torch.arange(width, dtype=dtype, device=device),
        indexing="ij",
    )
    return torch.stack([x, y], -1)


def make_camera(*, height: int, width: int, device: torch.device) -> Camera:
    """Make a camera for frames of one size; it caches its last shot: most motions are constant."""

    @lru_cache(maxsize=1)
    def shoot(motion: Motion, seconds: float) -> Shot | None:
        positions = frame_map(motion, seconds=seconds, height=height, width=width, device=device)
        if positions is None:
            return None
        outside = 1 - inside(positions, height=height, width=width)
        levels = downsampling_levels(positions)
        return Shot(
            positions,
            uncovered=outside[None, None] if bool(outside.any()) else None,
            levels=levels if bool(levels.any()) else None,
        )

    return shoot


def read(
    image: Planes,
    positions: Map,
    *,
    sampling: str,
    sharpness: float,
    border: str,
    levels: Levels | None = None,
) -> Sampled:
    """Sample images at positions; the result may leave [0, 1] beside hard edges."""
    sample = (
        partial(sample_bilinear, border=border)
        if sampling == "bilinear"
        else partial(sample_cubic, sharpness=sharpness, border=border)
    )
    if levels is None:
        return sample(image, positions)
    return sample_downsampled(image, positions, levels, sample)
