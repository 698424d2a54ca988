"""Reliability of an optical flow, by forward-backward consistency.

Ruder, Dosovitskiy, Brox, "Artistic style transfer for videos", 2016, section 3.2, after
Sundaram, Brox, Keutzer, "Dense point trajectories by GPU-accelerated large displacement
optical flow", 2010. Their numbers are for flows in pixels.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from kornia.filters import gaussian_blur2d
from torch import Tensor

from dreamvid.motion.flow.estimate import Flow
from dreamvid.motion.resample import Map

Mask = Float[Tensor, "rows columns"]

SOFTNESS = 0.8  # pixels: the Gaussian that smooths the mask's edges


def flow_positions(flow: Flow) -> Map:
    """Compute the position of every pixel in the other frame."""
    rows, columns = flow.shape[:2]
    y = torch.arange(rows, device=flow.device, dtype=flow.dtype)
    x = torch.arange(columns, device=flow.device, dtype=flow.dtype)
    return flow + torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def reliable(backward: Flow, forward: Flow) -> Mask:
    """Compute a mask: 1 at pixels of the new frame whose backward flow is reliable, 0 at others.

    Unreliable are pixels that were occluded in the old frame or outside of it, and motion
    boundaries. `backward` leads from the new frame to the old one, `forward` from old to new.
    """
    positions = flow_positions(backward)
    returning = _sample(forward, positions)
    both = squared(backward) + squared(returning)
    consistent = squared(backward + returning) < 0.01 * both + 0.5
    smooth = _squared_gradient(backward) <= 0.01 * squared(backward) + 0.002
    trusted = (consistent & smooth & _inside(positions)).to(backward.dtype)
    kernel = (5, 5)  # three deviations to either side
    return gaussian_blur2d(trusted[None, None], kernel, (SOFTNESS, SOFTNESS), "replicate")[0, 0]


def squared(flow: Flow) -> Mask:
    return flow.square().sum(-1)


def _sample(flow: Flow, at: Map) -> Flow:
    """Sample a flow bilinearly, the border extended."""
    rows, columns = flow.shape[:2]
    # grid_sample counts from -1 to 1 between the first pixel's centre and the last's.
    to_unit = at.new_tensor([2 / max(1, columns - 1), 2 / max(1, rows - 1)])
    grid = (at * to_unit - 1)[None]
    field = flow.permute(2, 0, 1)[None]
    sampled = F.grid_sample(field, grid, padding_mode="border", align_corners=True)
    return sampled[0].permute(1, 2, 0)


def _squared_gradient(flow: Flow) -> Mask:
    """Compute |grad u|^2 + |grad v|^2 by central differences."""
    down, across = torch.gradient(flow, dim=(0, 1))
    return squared(down) + squared(across)


def _inside(at: Map) -> Tensor:
    rows, columns = at.shape[:2]
    x, y = at.unbind(-1)
    # To the edge of the border pixels, half a pixel from their centres.
    return (x >= -0.5) & (x <= columns - 0.5) & (y >= -0.5) & (y <= rows - 0.5)
