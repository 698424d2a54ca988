"""Reading an image at places between its pixels.

Convention: a map (rows, columns, 2) holds, for each pixel of the result, the place (x, y) in the
source it is read from, in pixels, (0, 0) being the centre of the first pixel
(align_corners=True). What lies outside is read as one of BORDERS says.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from dreamvid.system.registry import Registry

Map = Float[Tensor, "rows columns 2"]
Planes = Float[Tensor, "1 c h w"]
Sampled = Float[Tensor, "1 c rows columns"]
Halvings = Int[Tensor, "rows columns"]
Index = Int[Tensor, "h w"]
MOST_HALVINGS = 6
BORDERS: Registry[Callable[[Index, int], Index]] = Registry()
Weights = list[Float[Tensor, "rows columns"]]


def sample_cubic(
    image: Planes, places: Map, *, sharpness: float, border: str = "mirror"
) -> Sampled:
    """Keys' cubic over 4 x 4 pixels with a = -sharpness; may leave [0, 1] beside hard edges.

    Read 72 times, waves of six pixels and more keep their energy at 0.55; 0.5, Catmull-Rom,
    halves it, 0.6 adds half, and torch's own bicubic, 0.75, rings: 14-fold (measured in
    test_resample.py; Keys, "Cubic convolution interpolation", 1981).
    """
    corner = places.floor()
    across, down = (keys_weights(part, sharpness) for part in (places - corner).unbind(-1))
    return _gather(image, corner - 1, across, down, border)


def sample_bilinear(image: Planes, places: Map, *, border: str = "mirror") -> Sampled:
    """As the 2015 program reads; over many frames it blurs."""
    corner = places.floor()
    across, down = ([1 - part, part] for part in (places - corner).unbind(-1))
    return _gather(image, corner, across, down, border)


def _gather(image: Planes, first: Map, across: Weights, down: Weights, border: str) -> Sampled:
    """The weighted sum of the pixels from `first` on, rightwards and downwards."""
    height, width = image.shape[-2:]
    fold = BORDERS[border]
    pixels = image[0].flatten(1).T.contiguous()  # (H*W, C): one row read brings all planes
    left, top = first[..., 0].long(), first[..., 1].long()
    columns = [fold(left + n, width) for n in range(len(across))]
    result = pixels.new_zeros(first.shape[0] * first.shape[1], image.shape[1])
    for n, row_weight in enumerate(down):
        start = fold(top + n, height) * width
        for column, weight in zip(columns, across, strict=True):
            index = (start + column).flatten()
            result.addcmul_(pixels.index_select(0, index), (row_weight * weight).flatten()[:, None])
    return result.T.reshape(1, -1, *first.shape[:2])


def keys_weights(fraction: Float[Tensor, "rows columns"], sharpness: float) -> Weights:
    """Weights of the 4 pixels around a place; they add up to 1."""
    a = -sharpness

    def near(d: Tensor) -> Tensor:  # |d| <= 1
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Tensor) -> Tensor:  # 1 <= |d| <= 2
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [far(1 + fraction), near(fraction), near(1 - fraction), far(2 - fraction)]


@BORDERS.register("mirror")
def mirror(index: Index, length: int) -> Index:
    """Indices outside 0 .. length-1, reflected about the border pixels."""
    if length == 1:
        return torch.zeros_like(index)
    period = 2 * (length - 1)
    folded = index.remainder(period)
    return torch.minimum(folded, period - folded)


@BORDERS.register("wrap")
def wrap(index: Index, length: int) -> Index:
    """The picture repeated: past the right border comes the left one."""
    return index.remainder(length)


@BORDERS.register("clamp")
def clamp(index: Index, length: int) -> Index:
    """The border pixels drawn out."""
    return index.clamp(0, length - 1)


def halvings(places: Map) -> Halvings:
    """How often the picture must be halved, pixel by pixel, before it is read there.

    Read at every fifth pixel a picture becomes noise; halved twice before, it does not.
    """

    def apart(axis: int) -> Float[Tensor, "rows columns"]:
        # To the nearer neighbour: the other may lie across a seam.
        steps = places.diff(dim=axis).norm(dim=-1)
        if not steps.numel():
            return torch.ones_like(places[..., 0])
        first, last = steps.narrow(axis, 0, 1), steps.narrow(axis, steps.shape[axis] - 1, 1)
        return torch.minimum(torch.cat([first, steps], axis), torch.cat([steps, last], axis))

    scale = torch.minimum(apart(0), apart(1)).clamp_min(1)
    return scale.log2().round().clamp_max(MOST_HALVINGS).long()


def sample_halved(
    image: Planes,
    places: Map,
    times: Halvings,
    sample: Callable[[Planes, Map], Sampled],
) -> Sampled:
    """Each pixel read from the picture halved so many times, by the mean of 2 x 2."""
    result = sample(image, places)
    for number in range(1, int(times.max()) + 1):
        side = 2**number
        if min(image.shape[-2:]) < 4 * side:
            break
        smaller = F.avg_pool2d(image, side)
        read = sample(smaller, (places + 0.5) / side - 0.5)
        result = torch.where(times >= number, read, result)
    return result


def inside(places: Map, *, height: int, width: int) -> Float[Tensor, "rows columns"]:
    """1 where a place lies in the picture, 0 from a pixel outside it on, linear between."""
    x, y = places.unbind(-1)
    across = (x + 1).clamp(0, 1) * (width - x).clamp(0, 1)
    return across * (y + 1).clamp(0, 1) * (height - y).clamp(0, 1)
