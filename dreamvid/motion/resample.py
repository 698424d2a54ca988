"""Reading an image at places between its pixels.

Convention: a map (rows, columns, 2) holds, for each pixel of the result, the place (x, y) in the
source it is read from, in pixels, (0, 0) being the centre of the first pixel
(align_corners=True). Outside, the source goes on mirrored about its border pixels.
"""

import torch
from jaxtyping import Float, Int
from kornia.geometry.transform import remap
from torch import Tensor

from dreamvid.image import Image

Map = Float[Tensor, "rows columns 2"]
Sampled = Float[Tensor, "1 3 rows columns"]


def sample_bilinear(image: Image, places: Map) -> Sampled:
    """As the 2015 program reads; over many frames it blurs."""
    x, y = places[None].unbind(-1)
    return remap(image, x, y, mode="bilinear", padding_mode="reflection", align_corners=True)


def sample_cubic(image: Image, places: Map, *, sharpness: float) -> Sampled:
    """Keys' cubic over 4 x 4 pixels with a = -sharpness, cut off to [0, 1].

    Read 72 times, waves of six pixels and more keep their energy at 0.55; 0.5, Catmull-Rom,
    halves it, 0.6 adds half, and torch's own bicubic, 0.75, rings: 14-fold (measured in
    test_resample.py; Keys, "Cubic convolution interpolation", 1981).
    """
    height, width = image.shape[-2:]
    pixels = image[0].flatten(1).T.contiguous()  # (H*W, 3): one row read brings all colours
    corner = places.floor()
    across = keys_weights(places[..., 0] - corner[..., 0], sharpness)
    down = keys_weights(places[..., 1] - corner[..., 1], sharpness)
    left, top = corner[..., 0].long(), corner[..., 1].long()
    result = torch.zeros(places.shape[0] * places.shape[1], 3, device=image.device)
    for row in range(4):
        start = mirror(top + row - 1, height) * width
        for column in range(4):
            index = (start + mirror(left + column - 1, width)).flatten()
            weight = (down[row] * across[column]).flatten()
            result.addcmul_(pixels.index_select(0, index), weight[:, None])
    return result.T.reshape(1, 3, *places.shape[:2]).clamp(0, 1)


def keys_weights(fraction: Float[Tensor, "h w"], sharpness: float) -> list[Float[Tensor, "h w"]]:
    """Weights of the 4 pixels around a place; they add up to 1."""
    a = -sharpness

    def near(d: Tensor) -> Tensor:  # |d| <= 1
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Tensor) -> Tensor:  # 1 <= |d| <= 2
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [far(1 + fraction), near(fraction), near(1 - fraction), far(2 - fraction)]


def mirror(index: Int[Tensor, "h w"], length: int) -> Int[Tensor, "h w"]:
    """Indices outside 0 .. length-1, reflected about the border pixels."""
    if length == 1:
        return torch.zeros_like(index)
    period = 2 * (length - 1)
    folded = index.remainder(period)
    return torch.minimum(folded, period - folded)
