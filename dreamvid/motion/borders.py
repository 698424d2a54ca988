"""Fills for the pixels that the camera uncovers past the image's borders."""

import torch
from jaxtyping import Float
from kornia.filters import gaussian_blur2d
from torch import Tensor

from dreamvid.image import Image, constant

Mask = Float[Tensor, "1 1 h w"]


def fill_colour(image: Image, uncovered: Mask, colour: str) -> Image:
    """Fill with one colour, "#rrggbb", where the mask is 1."""
    rgb = tuple(int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    flat = constant(rgb, image.device, image.dtype).view(1, 3, 1, 1)
    return image + uncovered * (flat - image)


def fill_noise(image: Image, uncovered: Mask, *, rng: torch.Generator) -> Image:
    """Fill with nearby colours and noise of the image's own strength where the mask is 1.

    The image was sampled with a clamped border; a mirrored one would be dreamed on as such.
    """
    height, width = image.shape[-2:]
    size = max(3, min(height, width) // 16 * 2 + 1)
    smooth = gaussian_blur2d(image, (size, size), (size / 4, size / 4))
    detail = (image - smooth).std(dim=(-2, -1), keepdim=True)
    noise = torch.randn(1, 1, height, width, generator=rng).to(image.device)
    return image + uncovered * ((smooth + detail * noise).clamp(0, 1) - image)
