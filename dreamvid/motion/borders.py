"""What a frame shows where the camera looks past the picture's border."""

import torch
from jaxtyping import Float
from kornia.filters import gaussian_blur2d
from torch import Tensor

from dreamvid.image import Image, constant

Mask = Float[Tensor, "1 1 h w"]


def fill_plain(image: Image, uncovered: Mask, colour: str) -> Image:
    """One colour, "#rrggbb", where the mask is 1."""
    rgb = tuple(int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    flat = constant(rgb, image.device, image.dtype).view(1, 3, 1, 1)
    return image + uncovered * (flat - image)


def fill_dreamlike(image: Image, uncovered: Mask, *, rng: torch.Generator) -> Image:
    """Where the mask is 1: the picture's colours nearby, and noise of its own strength.

    Args:
        image: what is uncovered shows the border drawn out: a mirror image would be dreamed on
            as one.
    """
    height, width = image.shape[-2:]
    size = max(3, min(height, width) // 16 * 2 + 1)
    smooth = gaussian_blur2d(image, (size, size), (size / 4, size / 4))
    detail = (image - smooth).std(dim=(-2, -1), keepdim=True)
    noise = torch.randn(1, 1, height, width, generator=rng).to(image.device)
    return image + uncovered * ((smooth + detail * noise).clamp(0, 1) - image)
