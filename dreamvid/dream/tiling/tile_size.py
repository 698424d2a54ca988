"""How large a piece of a picture may be looked at in one go: what fits into memory."""

import torch

from dreamvid.dream.objectives.score import Score
from dreamvid.dream.tiling.receptive_field import check_tileable, lines
from dreamvid.dream.tiling.tiled_gradient import largest_window
from dreamvid.errors import ModelError, PresetError
from dreamvid.image import OtherSizeImage
from dreamvid.system.memory import free_memory

Size = tuple[int, int]
"""(height, width) in pixels."""

SMALLEST = 64  # pixels a side of a tile; a deep layer's reach is many times that already
SHARE = 0.7  # of the free memory that a gradient may take; films, other octaves have the rest
AMPLE = 8192  # bytes a pixel; more than any network's, so that small pictures are not measured

# What a gradient takes beside what autograd keeps, in bytes a pixel: convolutions' working space.
# Measured as the peak of resident memory, at 0.3 and 1.2 megapixels: 200 to 380 with eleven
# layers of six networks.
WORKING = 250
PROBES: tuple[Size, Size] = ((256, 256), (256, 448))


def bytes_per_pixel(score: Score, like: OtherSizeImage) -> float:
    """Memory that the score's gradient takes for each pixel.

    Args:
        like: any picture on the device and of the precision that the features take.
    """
    small, large = (_kept(score, like.new_full((1, 3, *size), 0.5)) for size in PROBES)
    pixels = [height * width for height, width in PROBES]
    return (large - small) / (pixels[1] - pixels[0]) + WORKING


def fitting_side(score: Score, image: OtherSizeImage, share: float = SHARE) -> int | None:
    """The largest side of a tile whose gradient fits into memory; None: the picture does whole.

    Also None where nobody knows how much there is, or where the layers cannot be tiled.

    Args:
        share: of the free memory that may be taken.
    """
    size = (image.shape[-2], image.shape[-1])
    free = free_memory(image.device)
    if free is None or size[0] * size[1] * AMPLE <= share * free:
        return None
    try:
        most = share * free / bytes_per_pixel(score, image)
        if size[0] * size[1] <= most:
            return None
        both = lines(score.features, score.layers, size, image)
    except (ModelError, PresetError):  # too small for a layer, or seen at once: it must do whole
        return None
    for count in range(2, max(size) // SMALLEST + 1):
        side = -(-max(size) // count)
        height, width = largest_window(size, both, side)
        if height * width <= most:
            return side
    return SMALLEST


def halved(image: OtherSizeImage, side: int | None) -> int | None:
    """The next smaller side to try where memory ran out; None: there is none."""
    longest = max(image.shape[-2:])
    smaller = min(side or longest, longest) // 2
    return smaller if smaller >= SMALLEST else None


def tileable(score: Score, image: OtherSizeImage) -> bool:
    """Whether places of the score's layers see a part of the picture only."""
    try:
        check_tileable(score.features, score.layers, image)
    except PresetError:
        return False
    return True


def _kept(score: Score, image: OtherSizeImage) -> int:
    """Bytes that autograd keeps for the way back: each tensor's memory once."""
    kept: dict[int, int] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        memory = value.untyped_storage()
        kept[memory.data_ptr()] = memory.nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value), torch.enable_grad():
        _alive = score(image.requires_grad_())  # freed memory would be counted twice, or not
    return sum(kept.values())
