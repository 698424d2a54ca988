"""What draws a picture back while it is dreamed: less variation, less of the finest detail.

Both look at the picture alone and give a change of it, however strong the dream is, of about
`reach` a pixel, in units of the picture's range. Neither can overshoot, at any reach.
"""

import torch
import torch.nn.functional as F

from dreamvid.dream.smooth import blur
from dreamvid.image import Image

LEVEL = 1 / 255  # slopes below one grey level are no edges
FINEST = 1.0  # pixels: the sigma of the blur that leaves the finest detail out


def towards_less_variation(image: Image, reach: float) -> Image:
    """Down the slope of total variation, sqrt(dx^2 + dy^2 + e^2) summed (Rudin et al., 1992).

    Noise and shallow slopes become even, edges stay. The slope itself is near 1 wherever
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


def towards_blurred(image: Image, reach: float) -> Image:
    """Towards a copy without the finest detail; at most all the way."""
    missing = blur(image, FINEST) - image
    return missing * (reach / missing.abs().mean().clamp_min(reach))
