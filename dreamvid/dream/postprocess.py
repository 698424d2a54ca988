"""What is done once to a finished dream: to what it added, never to what was there before.

A film's frames feed on each other. A filter of the whole picture would be applied again in
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
    """Sharpen, then limit the chroma of, what a dream added to `before`.

    Args:
        mask: (1, 1, H, W), how much of it each place gets; None: all of it.
    """
    if ascent.sharpen:
        finer = ascent.sharpen * finer_part(dreamed - before)
        dreamed = (dreamed + (finer if mask is None else mask * finer)).clamp(0, 1)
    if ascent.saturation_limit:
        dreamed = limit_chroma(before, dreamed, ascent.saturation_limit)
    return dreamed


def finer_part(detail: Image) -> Image:
    """What an unsharp mask adds."""
    return detail - blur(detail, EDGE)


def limit_chroma(before: Image, dreamed: Image, limit: float) -> Image:
    """No dream makes a place more colourful than `limit`, in CIE Lab; hue and light stay.

    What the dream added of chroma bends softly towards the limit. A place that was beyond
    it before keeps what it had.
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
