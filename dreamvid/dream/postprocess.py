"""Filters of a finished dream: of what it added, never of what was there before.

A film's frames feed on each other. A filter of the whole image would be applied again in
every frame and grow without end; what a frame adds is filtered once.
"""

import torch
from jaxtyping import Float
from kornia.color import lab_to_rgb, rgb_to_lab
from torch import Tensor

from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.settings import Ascent
from dreamvid.dream.smooth import blur
from dreamvid.image import Image

EDGE = 1.5  # pixels: the sigma of the blur that sharpening compares with


def finish(before: Image, dreamed: Image, ascent: Ascent, mask: Mask | None = None) -> Image:
    """Sharpen what a dream added to `before`, then limit its chroma.

    The mask, (1, 1, H, W), is the share of the sharpening that each pixel takes; None: all of it.
    """
    if ascent.sharpen:
        finer = ascent.sharpen * finer_part(dreamed - before)
        dreamed = (dreamed + (finer if mask is None else mask * finer)).clamp(0, 1)
    if ascent.saturation_limit:
        dreamed = limit_chroma(before, dreamed, ascent.saturation_limit)
    return dreamed


def finer_part(detail: Image) -> Image:
    """Subtract a blurred copy: the part that an unsharp mask adds."""
    return detail - blur(detail, EDGE)


def limit_chroma(before: Image, dreamed: Image, limit: float) -> Image:
    """Bend the chroma that a dream added softly towards `limit`, in CIE Lab.

    Hue and lightness stay. A pixel that was beyond the limit before keeps its chroma.
    """
    had = _chroma(rgb_to_lab(before))
    lab = rgb_to_lab(dreamed)
    has = _chroma(lab)
    room = (limit - had).clamp_min(1e-3)
    allowed = had + room * torch.tanh((has - had) / room)
    scale = (allowed / has.clamp_min(1e-3)).clamp_max(1.0)
    limited = lab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:] * scale], dim=1), clip=True)
    # Untouched colours are not sent through Lab and back, which rounds.
    return torch.where(has > had, limited, dreamed)


def _chroma(lab: Image) -> Float[Tensor, "1 1 h w"]:
    return lab[:, 1:].square().sum(1, keepdim=True).sqrt()
