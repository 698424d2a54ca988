"""Conversion of RGB images to encoders' samples: BT.709 in limited range, or RGB.

Done here and not by an encoder's own conversion, which uses BT.601 unless told otherwise and
shows red as orange. Knows nothing of files.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int16, UInt8, UInt16
from torch import Tensor

from dreamvid.image import Image
from dreamvid.media.video.codecs import YUV420, PixelFormat
from dreamvid.media.video.dither import dithered

Yuv = UInt8[np.ndarray, "rows w"]
"""One yuv420p frame of height h = 2/3 rows: h rows of Y, then U, then V, packed."""
Planes = UInt8[np.ndarray, "rows w"] | UInt16[np.ndarray, "rows w"]
"""One frame of any pixel format: its planes in libav's order, packed, in rows of its width."""
Samples = UInt8[Tensor, "rows w"] | Int16[Tensor, "rows w"]
"""The same as a tensor."""

# Weights of red and blue in luma (ITU-R BT.709, 3.2 and 3.3).
RED, BLUE = 0.2126, 0.0722


def to_yuv(image: Image) -> Yuv:
    """Convert to yuv420p on the CPU; chroma is the mean of four pixels, in their middle.

    Raises ValueError for an odd height or width.
    """
    return to_planes(image, YUV420)


def to_planes(image: Image, pixel_format: PixelFormat, dither: bool = False) -> Planes:
    """Convert to a pixel format's integers on the CPU, rounded.

    Raises ValueError for a size that the pixel format cannot have, such as an odd one.
    """
    return as_planes(samples(image, pixel_format, dither).cpu())


def samples(image: Image, pixel_format: PixelFormat, dither: bool = False) -> Samples:
    """Convert as `to_planes` does, on the image's own device; 16 bits are signed, as in torch."""
    height, width = image.shape[-2:]
    if not pixel_format.fits(height, width):
        raise ValueError(f"{width}x{height}: {pixel_format.name} needs an even width and height")
    # Sums of planes, not a matrix product: CUDA may round that to TF32, two levels off.
    colours = image[0].detach().float().clamp(0, 1)
    planes = (
        _rgb(colours, pixel_format) if pixel_format.chroma is None else _yuv(colours, pixel_format)
    )
    if dither:
        most = 2**pixel_format.depth - 1
        planes = [dithered(plane, n).clamp(0, most) for n, plane in enumerate(planes)]
    if pixel_format.packed:  # a pixel's colours are interleaved with a padding byte
        planes = [torch.stack([*planes, torch.zeros_like(planes[0])], dim=-1)]
    packed = torch.cat([plane.flatten() for plane in planes]).round()
    if pixel_format.depth == 8:
        return packed.to(torch.uint8).view(-1, width)
    return packed.to(torch.int32).to(torch.int16).view(-1, width)


def as_planes(samples: Samples) -> Planes:
    """View samples on the CPU as an array."""
    array = samples.numpy()
    return array if array.dtype == np.uint8 else array.view(np.uint16)


def check_planes(planes: Planes, pixel_format: PixelFormat, size: tuple[int, int]) -> None:
    """Raise ValueError for a frame of another shape or depth than a film of (height, width)."""
    height, width = size
    rows = round(height * pixel_format.pixel_bytes / planes.itemsize)
    if planes.shape != (rows, width) or (planes.itemsize == 1) != (pixel_format.depth == 8):
        raise ValueError(f"a frame of shape {planes.shape} in a film of {width}x{height}")


def _rgb(colours: Float[Tensor, "3 h w"], pixel_format: PixelFormat) -> list[Tensor]:
    red, green, blue = colours * (2**pixel_format.depth - 1)
    return [blue, green, red] if pixel_format.packed else [green, blue, red]


def _yuv(colours: Float[Tensor, "3 h w"], pixel_format: PixelFormat) -> list[Tensor]:
    red, green, blue = colours
    luma = RED * red + (1 - RED - BLUE) * green + BLUE * blue
    u = (blue - luma) / (2 * (1 - BLUE))
    v = (red - luma) / (2 * (1 - RED))
    level = 2 ** (pixel_format.depth - 8)  # one of 8 bits (ITU-R BT.709, 3.4)
    chroma = [level * (128 + 224 * _subsampled(plane, pixel_format)) for plane in (u, v)]
    return [level * (16 + 219 * luma), *chroma]


def _subsampled(chroma: Float[Tensor, "h w"], pixel_format: PixelFormat) -> Float[Tensor, "_ _"]:
    assert pixel_format.chroma is not None
    rows, columns = pixel_format.chroma
    if columns == 2 and pixel_format.left:  # a triangle filter at every second pixel
        before = torch.cat([chroma[:, :1], chroma[:, 1:-1:2]], dim=1)  # replicated edge
        chroma, columns = (before + 2 * chroma[:, ::2] + chroma[:, 1::2]) / 4, 1
    return F.avg_pool2d(chroma[None], (rows, columns))[0] if rows * columns > 1 else chroma
