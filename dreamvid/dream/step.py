"""The dream of one frame: gradient steps over octaves."""

import torch

from dreamvid.dream.ascent import Ascent
from dreamvid.dream.gradient import shape
from dreamvid.dream.octaves import octave_sizes
from dreamvid.dream.score import Score
from dreamvid.errors import DreamvidError
from dreamvid.image import Image, resize


def ascend(image: Image, score: Score, ascent: Ascent, *, rng: torch.Generator) -> Image:
    """Take one gradient step that raises `score`.

    The image is rolled by up to `jitter` pixels first and back after, so that no grid of
    the network's strides builds up. The gradient is divided by its mean size, so that
    `step_size` means the same at every layer and size (`make_step` of dream.ipynb, 2015).

    Args:
        image: (1, 3, H, W), RGB in [0, 1]; not changed.

    Returns:
        A new image of the same shape, in [0, 1].
    """
    across, down = torch.randint(-ascent.jitter, ascent.jitter + 1, (2,), generator=rng).tolist()
    rolled = image.detach().roll((down, across), (-2, -1)).requires_grad_()
    (gradient,) = torch.autograd.grad(score(rolled), rolled)
    direction = shape(gradient, pyramid=ascent.pyramid, decorrelate=ascent.decorrelate)
    stepped = (rolled.detach() + ascent.step_size / 255 * direction).clamp(0, 1)
    return stepped.roll((-down, -across), (-2, -1))


def dream(image: Image, score: Score, ascent: Ascent, *, rng: torch.Generator) -> Image:
    """Dream from the smallest octave up, carrying what was dreamed and not the blur.

    `deepdream` of dream.ipynb, 2015, throughout in floating point.

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
        for _ in range(ascent.steps):
            result = ascend(result, score, ascent, rng=rng)
        detail = result - base
    if not bool(torch.isfinite(result).all()):
        raise DreamvidError(
            "the dream is no longer a number (NaN); try other dream.layers or a smaller step_size"
        )
    return result
