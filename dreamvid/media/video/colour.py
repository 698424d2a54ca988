"""RGB images to the samples that encoders take: BT.709, limited range, or RGB itself.

Done here and not by an encoder's own conversion, which takes BT.601 unless told
otherwise and shows red as orange. Knows nothing of files.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int16, UInt8, UInt16
from torch import Tensor

from dreamvid.image import Image
from dreamvid.media.video.codecs import YUV420, Form
from dreamvid.media.video.dither import dithered

Yuv = UInt8[np.ndarray, "rows w"]
"""One yuv420p picture of height h = 2/3 rows: h rows of Y, then U, then V, packed."""
Planes = UInt8[np.ndarray, "rows w"] | UInt16[np.ndarray, "rows w"]
"""One picture of any form: its planes in libav's order, packed, as rows of the film's width."""
Samples = UInt8[Tensor, "rows w"] | Int16[Tensor, "rows w"]
"""The same as a tensor."""

# ITU-R BT.709, 3.2 and 3.3: the shares of red and blue in luma.
RED, BLUE = 0.2126, 0.0722


def to_yuv(image: Image) -> Yuv:
    """To 8 bits on the CPU, rounded; chroma is the mean of four pixels, and sits amid them.

    Raises ValueError for an odd height or width.
    """
    return to_planes(image, YUV420)


def to_planes(image: Image, form: Form, dither: bool = False) -> Planes:
    """To the whole numbers that an encoder takes, on the CPU, rounded.

    Raises ValueError for a size that the form cannot have, such as an odd one.
    """
    return as_planes(samples(image, form, dither).cpu())


def samples(image: Image, form: Form, dither: bool = False) -> Samples:
    """`to_planes`, on the image's own device; 16 bits as torch has them, with a sign."""
    height, width = image.shape[-2:]
    if not form.fits(height, width):
        raise ValueError(f"{width}x{height}: {form.name} needs an even width and height")
    # Sums of planes, not a matrix product: CUDA may round that to TF32, two levels off.
    colours = image[0].detach().float().clamp(0, 1)
    planes = _rgb(colours, form) if form.chroma is None else _yuv(colours, form)
    if dither:
        most = 2**form.depth - 1
        planes = [dithered(plane, n).clamp(0, most) for n, plane in enumerate(planes)]
    if form.packed:  # the colours of a pixel follow each other, then a byte of nothing
        planes = [torch.stack([*planes, torch.zeros_like(planes[0])], dim=-1)]
    packed = torch.cat([plane.flatten() for plane in planes]).round()
    if form.depth == 8:
        return packed.to(torch.uint8).view(-1, width)
    return packed.to(torch.int32).to(torch.int16).view(-1, width)


def as_planes(samples: Samples) -> Planes:
    """`samples` that are on the CPU."""
    found = samples.numpy()
    return found if found.dtype == np.uint8 else found.view(np.uint16)


def check_planes(planes: Planes, form: Form, size: tuple[int, int]) -> None:
    """Raise ValueError for a frame of another shape or depth than a film of (height, width)."""
    height, width = size
    rows = round(height * form.pixel_bytes / planes.itemsize)
    if planes.shape != (rows, width) or (planes.itemsize == 1) != (form.depth == 8):
        raise ValueError(f"a frame of shape {planes.shape} in a film of {width}x{height}")


def _rgb(colours: Float[Tensor, "3 h w"], form: Form) -> list[Tensor]:
    red, green, blue = colours * (2**form.depth - 1)
    return [blue, green, red] if form.packed else [green, blue, red]


def _yuv(colours: Float[Tensor, "3 h w"], form: Form) -> list[Tensor]:
    red, green, blue = colours
    luma = RED * red + (1 - RED - BLUE) * green + BLUE * blue
    u = (blue - luma) / (2 * (1 - BLUE))
    v = (red - luma) / (2 * (1 - RED))
    one = 2 ** (form.depth - 8)  # of 8 bits' levels; ITU-R BT.709, 3.4
    chroma = [one * (128 + 224 * _fewer(plane, form)) for plane in (u, v)]
    return [one * (16 + 219 * luma), *chroma]


def _fewer(chroma: Float[Tensor, "h w"], form: Form) -> Float[Tensor, "_ _"]:
    """One sample for all the pixels that share it."""
    assert form.chroma is not None
    rows, columns = form.chroma
    if columns == 2 and form.left:  # a triangle around every second pixel
        before = torch.cat([chroma[:, :1], chroma[:, 1:-1:2]], dim=1)  # the edge's own is its
        chroma, columns = (before + 2 * chroma[:, ::2] + chroma[:, 1::2]) / 4, 1
    return F.avg_pool2d(chroma[None], (rows, columns))[0] if rows * columns > 1 else chroma
