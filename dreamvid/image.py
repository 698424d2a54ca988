"""The one image convention: float32 (1, 3, H, W), RGB, values in [0, 1].

Only `models/` (pixels as a network expects them) and `media/` (files) use others. Everything
between may assume it.
"""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

Image = Float[Tensor, "1 3 h w"]
"""One image. Within one signature every `Image` has the same height and width."""
OtherSizeImage = Float[Tensor, "1 3 _ _"]
Activation = Float[Tensor, "1 channels rows columns"]
OtherSizeActivation = Float[Tensor, "1 channels _ _"]
Scalar = Float[Tensor, ""]
Bytes = UInt8[np.ndarray, "h w 3"]
"""An image as 8-bit RGB, on the CPU."""


@cache
def constant(values: tuple, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return numbers as a cached tensor: a copy to a GPU in every step would stall it."""
    return torch.tensor(values, device=device, dtype=dtype)


def resize(image: Float[Tensor, "1 c _ _"], size: tuple[int, int]) -> Float[Tensor, "1 c _ _"]:
    """Resize bilinearly, without antialiasing, corner pixels staying in the corners.

    As `scipy.ndimage.zoom(order=1)` does in the octaves of the 2015 program.

    Args:
        size: (height, width) in pixels.
    """
    if tuple(image.shape[-2:]) == size:
        return image
    return F.interpolate(image, size, mode="bilinear", align_corners=True)


def fit(image: OtherSizeImage, size: tuple[int, int]) -> OtherSizeImage:
    """Crop the middle to the aspect ratio of (height, width), then resize it, antialiased."""
    top, left, rows, columns = crop((image.shape[-2], image.shape[-1]), size)
    middle = image[..., top : top + rows, left : left + columns]
    if (rows, columns) == size:
        return middle
    return F.interpolate(middle, size, mode="bicubic", antialias=True).clamp(0, 1)


def crop(whole: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Top, left, height and width of the largest centred crop with an aspect ratio.

    Args:
        whole: (height, width) of the image in pixels.
        shape: any (height, width); only their ratio counts.
    """
    scale = max(shape[0] / whole[0], shape[1] / whole[1])
    rows, columns = (max(1, round(side / scale)) for side in shape)
    return (whole[0] - rows) // 2, (whole[1] - columns) // 2, rows, columns


def to_bytes(image: Image) -> Bytes:
    """Convert to 8 bits, rounded rather than truncated."""
    pixels = image[0].detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous().cpu().numpy()


def from_bytes(pixels: Bytes) -> Image:
    """Convert from 8 bits, on the CPU."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
