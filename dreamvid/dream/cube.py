"""Colour cube: a change of colours tabulated on a lattice of RGB, as graders' 3-D tables are.

A map of colours is computed for its nodes alone, however large the picture, and read smoothly
between them. Here too is the gamut's soft end.
"""

from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from kornia.color import lab_to_rgb, rgb_to_lab
from torch import Tensor

from dreamvid.image import Image

NODES = 33  # along each channel
KNEE, CEILING = 0.93, 0.985  # channels above 237 of 255 approach 251

Colours = Float[Tensor, "_ 3"]


def to_lab(colours: Colours) -> Colours:
    """Convert RGB to CIE Lab."""
    return rgb_to_lab(colours.T[None, :, :, None])[0, :, :, 0].T


def to_gamut(lab: Colours) -> Colours:
    """Convert CIE Lab to RGB in [0, 1]; a colour too bright for it darkens, and keeps its hue.

    Cutting a channel off would turn the hue, and burn lamps to white.
    """
    rgb = lab_to_rgb(lab.T[None, :, :, None], clip=False)[0, :, :, 0].T.clamp_min(0)
    high = rgb.amax(1, keepdim=True).clamp_min(KNEE)
    room = CEILING - KNEE
    soft = KNEE - room * torch.expm1((KNEE - high) / room)
    return rgb * (soft / high)


@cache
def nodes(device: torch.device) -> tuple[Colours, Colours]:
    """List the lattice's colours, blue outermost and red innermost, in RGB and in Lab."""
    steps = torch.linspace(0, 1, NODES, device=device)
    blue, green, red = torch.meshgrid(steps, steps, steps, indexing="ij")
    rgb = torch.stack([red, green, blue], -1).reshape(-1, 3)
    return rgb, to_lab(rgb)


def read_cube(change: Colours, image: Image) -> Image:
    """Interpolate the change at the nodes for each pixel, between the eight around it."""
    cube = change.T.reshape(1, 3, NODES, NODES, NODES)
    places = (2 * image - 1).permute(0, 2, 3, 1)[:, None]
    return F.grid_sample(cube, places, align_corners=True)[:, :, 0]
