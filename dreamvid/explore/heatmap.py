"""Where things are seen in a picture, as a sheet: the picture lit where each is."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F

from dreamvid.explore.describe import Heat
from dreamvid.image import Image, OtherSizeImage, constant, fit
from dreamvid.media.images.sheet import Layout, columns_for, draw_sheet

SIDE = 320  # pixels of a picture's longer side on the sheet
COLUMN = 120  # at least, so that a label has room under a narrow picture
GLOW = (1.0, 0.45, 0.1)
DARK = 0.25  # what is left of the picture where nothing is seen
TINT = 0.45  # share of the glow where it is seen most


def draw_map(picture: OtherSizeImage, heats: Mapping[str, Heat], title: str) -> OtherSizeImage:
    """The picture itself, then once for each heat, with its label."""
    height, width = picture.shape[-2:]
    scale = SIDE / max(height, width)
    small = fit(picture, (max(1, round(height * scale)), max(1, round(width * scale))))
    shown = [small, *(lit(small, heat) for heat in heats.values())]
    columns = min(4, columns_for(len(shown)))
    layout = Layout(len(shown), columns, max(COLUMN, small.shape[-1]), small.shape[-2])
    return draw_sheet(shown, ["the picture", *heats], layout, title)


def lit(picture: Image, heat: Heat) -> Image:
    """The picture, darkened where the heat is 0 and glowing where it is 1."""
    size = (picture.shape[-2], picture.shape[-1])
    spread = F.interpolate(heat[None, None], size, mode="bicubic", align_corners=False).clamp(0, 1)
    glow = constant(GLOW, picture.device, picture.dtype).view(1, 3, 1, 1)
    tinted = picture + TINT * spread * (glow - picture)
    return torch.lerp(DARK * picture, tinted, spread)
