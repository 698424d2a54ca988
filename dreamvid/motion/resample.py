"""Resampling of images at positions between pixels.

Convention: a map (rows, columns, 2) holds, for each pixel of the result, the position (x, y) in
the source that it is sampled from, in pixels, (0, 0) being the centre of the first pixel
(align_corners=True). Positions outside are folded back by one of BORDERS.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Num
from torch import Tensor

from dreamvid.motion.cubic import sample_even_cubic
from dreamvid.system.registry import Registry

Map = Float[Tensor, "rows columns 2"]
Planes = Float[Tensor, "1 c h w"]
Sampled = Float[Tensor, "1 c rows columns"]
Levels = Int[Tensor, "rows columns"]
Places = Num[Tensor, "*shape"]
"""Indices or positions along one axis."""
MOST_LEVELS = 6
BORDERS: Registry[Callable[[Places, int], Places]] = Registry()
Weights = list[Float[Tensor, "rows columns"]]


def sample_cubic(
    image: Planes, positions: Map, *, sharpness: float, border: str = "mirror"
) -> Sampled:
    """Sample by a cubic that blurs alike at every fraction of a pixel; see `cubic`.

    The result may leave [0, 1] beside hard edges. Read 72 times, a texture of waves of six pixels
    and more keeps its energy within a fifth at a sharpness of 0.55; 0.5 loses four tenths, 0.6 adds
    half, and 0.75, like torch's own bicubic, rings: seven-fold (measured in test_resample.py).
    """
    return sample_even_cubic(image, positions, sharpness=sharpness, fold=BORDERS[border])


def sample_bilinear(image: Planes, positions: Map, *, border: str = "mirror") -> Sampled:
    """Sample bilinearly, as the 2015 program did; over many frames it blurs."""
    corner = positions.floor()
    across, down = ([1 - part, part] for part in (positions - corner).unbind(-1))
    return _gather(image, corner, across, down, border)


def sample_for_display(image: Planes, positions: Map, *, border: str = "mirror") -> Sampled:
    """Sample as `sample_bilinear` does, to 5e-5, by torch's own kernel: seven times as fast.

    At a border that wraps, half a pixel of the seam is not blended.
    """
    height, width = image.shape[-2:]
    sides = positions.new_tensor([width, height])
    if border == "wrap":
        positions = (positions + 0.5).remainder(sides) - 0.5
    grid = positions * (2 / (sides - 1).clamp_min(1)) - 1
    padding = "reflection" if border == "mirror" else "border"
    return F.grid_sample(image, grid[None], padding_mode=padding, align_corners=True)


def _gather(image: Planes, first: Map, across: Weights, down: Weights, border: str) -> Sampled:
    """Sum weighted pixels from `first` on, rightwards and downwards."""
    height, width = image.shape[-2:]
    fold = BORDERS[border]
    pixels = image[0].flatten(1).T.contiguous()  # (H*W, C): one row holds all channels
    left, top = first[..., 0].long(), first[..., 1].long()
    columns = [fold(left + n, width) for n in range(len(across))]
    result = pixels.new_zeros(first.shape[0] * first.shape[1], image.shape[1])
    for n, row_weight in enumerate(down):
        start = fold(top + n, height) * width
        for column, weight in zip(columns, across, strict=True):
            index = (start + column).flatten()
            result.addcmul_(pixels.index_select(0, index), (row_weight * weight).flatten()[:, None])
    return result.T.reshape(1, -1, *first.shape[:2])


@BORDERS.register("mirror")
def mirror(index: Places, length: int) -> Places:
    """Reflect indices outside 0 .. length-1 about the border pixels."""
    if length == 1:
        return torch.zeros_like(index)
    period = 2 * (length - 1)
    folded = index.remainder(period)
    return torch.minimum(folded, period - folded)


@BORDERS.register("wrap")
def wrap(index: Places, length: int) -> Places:
    """Repeat the image periodically."""
    return index.remainder(length)


@BORDERS.register("clamp")
def clamp(index: Places, length: int) -> Places:
    """Extend the border pixels."""
    return index.clamp(0, length - 1)


def downsampling_levels(positions: Map) -> Levels:
    """Compute how often the image must be halved around each pixel, to sample without aliasing."""
    scale = torch.minimum(_spacing(positions, 0), _spacing(positions, 1)).clamp_min(1)
    return scale.log2().round().clamp_max(MOST_LEVELS).long()


def _spacing(positions: Map, axis: int) -> Float[Tensor, "rows columns"]:
    """Measure the distance to the nearer neighbour: the other may lie across a seam."""
    steps = positions.diff(dim=axis).norm(dim=-1)
    if not steps.numel():
        return torch.ones_like(positions[..., 0])
    first, last = steps.narrow(axis, 0, 1), steps.narrow(axis, steps.shape[axis] - 1, 1)
    return torch.minimum(torch.cat([first, steps], axis), torch.cat([steps, last], axis))


def sample_downsampled(
    image: Planes, positions: Map, levels: Levels, sample: Callable[[Planes, Map], Sampled]
) -> Sampled:
    """Sample each pixel from the image halved so many times by the mean of 2 x 2."""
    result = sample(image, positions)
    for number in range(1, int(levels.max()) + 1):
        side = 2**number
        if min(image.shape[-2:]) < 4 * side:
            break
        smaller = F.avg_pool2d(image, side)
        sampled = sample(smaller, (positions + 0.5) / side - 0.5)
        result = torch.where(levels >= number, sampled, result)
    return result


def inside(positions: Map, *, height: int, width: int) -> Float[Tensor, "rows columns"]:
    """Compute 1 inside the image, 0 from a pixel outside it on, linear in between."""
    x, y = positions.unbind(-1)
    across = (x + 1).clamp(0, 1) * (width - x).clamp(0, 1)
    return across * (y + 1).clamp(0, 1) * (height - y).clamp(0, 1)
