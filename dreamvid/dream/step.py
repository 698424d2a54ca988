"""The dream of one frame: gradient steps over octaves."""

import torch

from dreamvid.dream.ascent import Ascent
from dreamvid.dream.gradient import shape
from dreamvid.dream.grid import Mask
from dreamvid.dream.octaves import octave_sizes
from dreamvid.dream.score import Climbable
from dreamvid.errors import DreamvidError
from dreamvid.image import Image, resize


def ascend(
    image: Image,
    score: Climbable,
    ascent: Ascent,
    *,
    rng: torch.Generator,
    mask: Mask | None = None,
) -> Image:
    """Take one gradient step that raises `score`.

    The image is rolled by up to `jitter` pixels first and back after, so that no grid of
    the network's strides builds up. The gradient is divided by its mean size, so that
    `step_size` means the same at every layer and size (`make_step` of dream.ipynb, 2015).

    Args:
        image: (1, 3, H, W), RGB in [0, 1]; not changed.
        mask: (1, 1, H, W), what share of the step each pixel takes; None: all of it.

    Returns:
        A new image of the same shape, in [0, 1].
    """
    across, down = torch.randint(-ascent.jitter, ascent.jitter + 1, (2,), generator=rng).tolist()
    rolled = image.detach().roll((down, across), (-2, -1))
    gradient = score.gradient(rolled, (down / image.shape[-2], across / image.shape[-1]))
    direction = shape(gradient, pyramid=ascent.pyramid, decorrelate=ascent.decorrelate)
    if mask is not None:
        direction = direction * mask.roll((down, across), (-2, -1))
    stepped = (rolled + ascent.step_size / 255 * direction).clamp(0, 1)
    return stepped.roll((-down, -across), (-2, -1))


def dream(
    image: Image,
    score: Climbable,
    ascent: Ascent,
    *,
    rng: torch.Generator,
    mask: Mask | None = None,
) -> Image:
    """Dream from the smallest octave up, carrying what was dreamed and not the blur.

    `deepdream` of dream.ipynb, 2015, throughout in floating point.

    Args:
        mask: (1, 1, H, W), how strongly each place is dreamed, 0 to 1; None: all alike.

    Raises:
        PresetError: an octave would be too small.
        DreamvidError: the picture is no longer a number; nothing good follows from it.
    """
    height, width = image.shape[-2:]
    sizes = octave_sizes(height, width, octaves=ascent.octaves, scale=ascent.octave_scale)
    bases = [image]
    for size in sizes[-2::-1]:  # each from the next larger one, as in 2015, not from the top
        bases.append(resize(bases[-1], size))
    detail = torch.zeros_like(bases[-1])  # what dreaming has added so far
    result = image
    for base, size in zip(bases[::-1], sizes, strict=True):
        result = base + resize(detail, size)
        part = None if mask is None else resize(mask, size)
        for _ in range(ascent.steps):
            result = ascend(result, score, ascent, rng=rng, mask=part)
        detail = result - base
    if not bool(torch.isfinite(result).all()):
        raise DreamvidError(
            "the dream is no longer a number (NaN); try other dream.layers or a smaller step_size"
        )
    return result
