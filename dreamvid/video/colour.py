"""RGB images to the bytes that H.264 stores: BT.709, limited range, yuv420p.

Done here and not by an encoder's own conversion, which takes BT.601 unless told
otherwise and shows red as orange. Knows nothing of files.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from dreamvid.image import Image

Yuv = UInt8[np.ndarray, "rows w"]
"""One yuv420p picture of height h = 2/3 rows: h rows of Y, then U, then V, packed."""

# ITU-R BT.709, 3.2 and 3.3: the shares of red and blue in luma.
RED, BLUE = 0.2126, 0.0722


def to_yuv(image: Image) -> Yuv:
    """To 8 bits on the CPU, rounded; chroma is the mean of four pixels, and sits amid them.

    Raises ValueError for an odd height or width.
    """
    height, width = image.shape[-2:]
    if height % 2 or width % 2:
        raise ValueError(f"{width}x{height}: yuv420p needs an even width and height")
    # Sums of planes, not a matrix product: CUDA may round that to TF32, two levels off.
    red, green, blue = image[0].detach().float().clamp(0, 1)
    luma = RED * red + (1 - RED - BLUE) * green + BLUE * blue
    u = (blue - luma) / (2 * (1 - BLUE))
    v = (red - luma) / (2 * (1 - RED))
    planes = [16 + 219 * luma, 128 + 224 * _halve(u), 128 + 224 * _halve(v)]
    packed = torch.cat([plane.flatten() for plane in planes]).round().to(torch.uint8)
    return packed.view(height * 3 // 2, width).cpu().numpy()


def _halve(chroma: Float[Tensor, "h w"]) -> Float[Tensor, "_ _"]:
    return F.avg_pool2d(chroma[None], 2)[0]
