"""The camera: the motion of one frame -> where its pixels come from -> the moved picture."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.motion.moves import MOVES, Motion, Places
from dreamvid.motion.resample import (
    Halvings,
    Map,
    Planes,
    Sampled,
    halvings,
    inside,
    sample_bilinear,
    sample_cubic,
    sample_halved,
)


@dataclass(frozen=True)
class Shot:
    """What a frame shows of the one before."""

    places: Map
    uncovered: Float[Tensor, "1 1 h w"] | None  # 1 where it leaves the picture; None if nowhere
    halvings: Halvings | None  # None where nothing is shrunk so much


Camera = Callable[[Motion, float], Shot | None]
"""The motion, and for how many seconds -> where the frame's pixels come from; None: stays."""


def frame_map(
    motion: Motion, *, seconds: float, height: int, width: int, device: torch.device
) -> Map | None:
    """Where each pixel of a frame was `seconds` before; None if nothing moves.

    Every kind of motion composed into one map, so that the picture is read but once.
    """
    made = [make(motion, seconds, height, width) for make in MOVES.values()]
    warps = [warp for warp in made if warp is not None]
    if not warps:
        return None
    places = pixel_places(height, width, device)
    for warp in warps:
        places = warp(places)
    # Far away is as good as infinity, and fits the integers that index pixels.
    return places.clamp(-1e6, 1e6).float()


def pixel_places(height: int, width: int, device: torch.device) -> Places:
    """Each pixel's own place, in float64 where there is one: float32 loses 1e-4 px at 4K."""
    kind = torch.float32 if device.type == "mps" else torch.float64
    y, x = torch.meshgrid(
        torch.arange(height, dtype=kind, device=device),
        torch.arange(width, dtype=kind, device=device),
        indexing="ij",
    )
    return torch.stack([x, y], -1)


def make_camera(*, height: int, width: int, device: torch.device) -> Camera:
    """For frames of one size. Keeps the last shot: most motions never change."""

    @lru_cache(maxsize=1)
    def shoot(motion: Motion, seconds: float) -> Shot | None:
        places = frame_map(motion, seconds=seconds, height=height, width=width, device=device)
        if places is None:
            return None
        outside = 1 - inside(places, height=height, width=width)
        fewer = halvings(places)
        return Shot(
            places,
            uncovered=outside[None, None] if bool(outside.any()) else None,
            halvings=fewer if bool(fewer.any()) else None,
        )

    return shoot


def read(
    image: Planes,
    places: Map,
    *,
    sampling: str,
    sharpness: float,
    border: str,
    halvings: Halvings | None = None,
) -> Sampled:
    """The picture at these places; may leave [0, 1] beside hard edges."""

    def sample(image: Planes, places: Map) -> Sampled:
        if sampling == "bilinear":
            return sample_bilinear(image, places, border=border)
        return sample_cubic(image, places, sharpness=sharpness, border=border)

    if halvings is None:
        return sample(image, places)
    return sample_halved(image, places, halvings, sample)
