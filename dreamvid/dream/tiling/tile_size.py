"""Size of a tile: the largest piece of an image whose gradient fits into memory."""

import torch

from dreamvid.dream.objectives.score import Score
from dreamvid.dream.tiling.receptive_field import receptive_fields
from dreamvid.dream.tiling.tiled_gradient import largest_window
from dreamvid.errors import ModelError, PresetError
from dreamvid.image import OtherSizeImage
from dreamvid.system.memory import free_memory

Size = tuple[int, int]
"""(height, width) in pixels."""

SMALLEST = 64  # pixels a side of a tile; a deep layer's reach is many times that already
SHARE = 0.7  # of the free memory that a gradient may take; films, other octaves have the rest
AMPLE = 8192  # bytes a pixel; more than any network's, so that small images are not measured

# Memory of a gradient beside what autograd keeps, in bytes a pixel: convolutions' working space.
# Measured as the peak of resident memory, at 0.3 and 1.2 megapixels: 200 to 380 with eleven
# layers of six networks.
WORKING = 250
PROBES: tuple[Size, Size] = ((256, 256), (256, 448))


def bytes_per_pixel(score: Score, like: OtherSizeImage) -> float:
    """Measure the memory of a gradient in bytes a pixel; `like` has the device and precision."""
    small, large = (_saved_bytes(score, like.new_full((1, 3, *size), 0.5)) for size in PROBES)
    pixels = [height * width for height, width in PROBES]
    return (large - small) / (pixels[1] - pixels[0]) + WORKING


def fitting_side(score: Score, image: OtherSizeImage, share: float = SHARE) -> int | None:
    """Find the largest side of a tile whose gradient fits into a share of the free memory.

    None where the whole image fits, the free memory is not known or the layers cannot be tiled.
    """
    size = (image.shape[-2], image.shape[-1])
    free = free_memory(image.device)
    if free is None or size[0] * size[1] * AMPLE <= share * free:
        return None
    try:
        most = share * free / bytes_per_pixel(score, image)
        if size[0] * size[1] <= most:
            return None
        axes = receptive_fields(score.features, score.layers, size, image)
    except (ModelError, PresetError):  # too small for a layer, or one sees it all: whole, then
        return None
    for count in range(2, max(size) // SMALLEST + 1):
        side = -(-max(size) // count)
        height, width = largest_window(size, axes, side)
        if height * width <= most:
            return side
    return SMALLEST


def _saved_bytes(score: Score, image: OtherSizeImage) -> int:
    """Measure what autograd saves for the backward pass, each tensor's memory once."""
    saved: dict[int, int] = {}

    def save(value: torch.Tensor) -> torch.Tensor:
        memory = value.untyped_storage()
        saved[memory.data_ptr()] = memory.nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(save, lambda value: value), torch.enable_grad():
        _alive = score(image.requires_grad_())  # freed memory would be counted twice, or not
    return sum(saved.values())
