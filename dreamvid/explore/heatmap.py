"""Draw heatmaps as a sheet: the image, lit where each class or word is."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F

from dreamvid.explore.describe import Heatmap
from dreamvid.image import Image, OtherSizeImage, constant, fit
from dreamvid.media.images.sheet import Layout, columns_for, draw_sheet

SIDE = 320  # pixels of an image's longer side on the sheet
COLUMN = 120  # pixels at least, so that a label fits under a narrow image
GLOW = (1.0, 0.45, 0.1)
DARK = 0.25  # brightness of the image where the heatmap is 0
TINT = 0.45  # share of the glow where it is 1


def draw_map(image: OtherSizeImage, heatmaps: Mapping[str, Heatmap], title: str) -> OtherSizeImage:
    """Draw the image itself, then once for each heatmap with its label."""
    height, width = image.shape[-2:]
    scale = SIDE / max(height, width)
    small = fit(image, (max(1, round(height * scale)), max(1, round(width * scale))))
    images = [small, *(lit(small, heatmap) for heatmap in heatmaps.values())]
    columns = min(4, columns_for(len(images)))
    layout = Layout(len(images), columns, max(COLUMN, small.shape[-1]), small.shape[-2])
    return draw_sheet(images, ["the picture", *heatmaps], layout, title)


def lit(image: Image, heatmap: Heatmap) -> Image:
    """Darken an image where the heatmap is 0, and make it glow where it is 1."""
    size = (image.shape[-2], image.shape[-1])
    spread = F.interpolate(heatmap[None, None], size, mode="bicubic", align_corners=False)
    spread = spread.clamp(0, 1)
    glow = constant(GLOW, image.device, image.dtype).view(1, 3, 1, 1)
    tinted = image + TINT * spread * (glow - image)
    return torch.lerp(DARK * image, tinted, spread)
