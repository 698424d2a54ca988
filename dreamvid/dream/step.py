"""The dream of one frame: gradient steps over octaves.

The order of all that can be done, most of it off in the 2015 look:

    each octave, smallest first: the picture at this size + the detail dreamed so far
      each step:  roll by the jitter -> gradient -> even out (pyramid) -> mean size 1 -> roll back
                  -> optimiser -> frequency -> smooth -> decorrelate -> luminance
                  -> times the step's size -> pulls (total variation, high frequency)
                  -> times the mask -> add -> keep within [0, 1]
    at the end:   sharpen -> limit the chroma, of what was dreamed

The pyramid comes before rolling back, as its halvings are a grid of their own; all that
follows is in the picture's own places, so that what a step remembers stays with its pixels.
"""

from dataclasses import replace

import torch

from dreamvid.dream.cuda.step_graphs import climb
from dreamvid.dream.gradient import grey, mean_size, normalise_pyramid, shape
from dreamvid.dream.jitter import rolled
from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.objectives.score import Differentiable
from dreamvid.dream.octaves import octave_sizes, typical_octave
from dreamvid.dream.optimisers import OPTIMISERS, Past
from dreamvid.dream.postprocess import finish
from dreamvid.dream.regularise import towards_blurred, towards_less_variation
from dreamvid.dream.settings import Ascent
from dreamvid.errors import DreamvidError
from dreamvid.image import Image, resize
from dreamvid.system import allocator as heap


def ascend(
    image: Image,
    score: Differentiable,
    ascent: Ascent,
    *,
    rng: torch.Generator,
    mask: Mask | None = None,
    past: Past | None = None,
) -> tuple[Image, Past | None]:
    """Take one gradient step that raises `score`, after those that `past` remembers.

    The image is rolled by up to `jitter` pixels first and back after, so that no grid of
    the network's strides builds up. The gradient is divided by its mean size, so that
    `step_size` means the same at every layer and size (`make_step` of dream.ipynb, 2015).

    Args:
        image: (1, 3, H, W), RGB in [0, 1]; not changed.
        mask: (1, 1, H, W), what share of the step each pixel takes; None: all of it.

    Returns:
        A new image of the same shape, in [0, 1], and what the next step has to know.
    """
    image = image.detach()
    direction, past = OPTIMISERS[ascent.optimiser](_way_up(image, score, ascent, rng), past)
    size, direction = ascent.step_size / 255, shape(direction, ascent)
    if mask is None and not (ascent.total_variation or ascent.high_frequency):
        return torch.add(image, direction, alpha=size).clamp_(0, 1), past
    change = size * direction
    if ascent.total_variation or ascent.high_frequency:
        change = change + _pull(image, ascent)
    if mask is not None:
        change = change * mask
    return (image + change).clamp(0, 1), past


def _way_up(image: Image, score: Differentiable, ascent: Ascent, rng: torch.Generator) -> Image:
    """The gradient at the picture, of mean size 1."""
    across, down = torch.randint(-ascent.jitter, ascent.jitter + 1, (2,), generator=rng).tolist()
    gradient = score.gradient(
        rolled(image, down, across), (down / image.shape[-2], across / image.shape[-1])
    )
    if ascent.pyramid:
        gradient = normalise_pyramid(gradient, levels=ascent.pyramid)
    return rolled(gradient, -down, -across, over=mean_size(gradient))


def _pull(image: Image, ascent: Ascent) -> Image:
    """What a step changes whatever is dreamed; also where a dream goes down."""
    step = abs(ascent.step_size) / 255
    pull = torch.zeros_like(image)
    if ascent.total_variation:
        pull = pull + towards_less_variation(image, ascent.total_variation * step)
    if ascent.high_frequency:
        pull = pull + towards_blurred(image, ascent.high_frequency * step)
    return pull + ascent.luminance * (grey(pull) - pull) if ascent.luminance else pull


def dream(
    image: Image,
    score: Differentiable,
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
    heap.settle(image)
    height, width = image.shape[-2:]
    sizes = octave_sizes(height, width, octaves=ascent.octaves, scale=ascent.octave_scale)
    bases = [image]
    for size in sizes[-2::-1]:  # each from the next larger one, as in 2015, not from the top
        bases.append(resize(bases[-1], size))
    score = score.balanced(bases[::-1][typical_octave(sizes)])
    detail = torch.zeros_like(bases[-1])  # what dreaming has added so far
    result = image
    for octave, (base, size) in enumerate(zip(bases[::-1], sizes, strict=True)):
        result = base + resize(detail, size)
        part = None if mask is None else resize(mask, size)
        result = _climbed(result, score, steps_of(ascent, octave), rng, part)
        detail = result - base
    result = finish(image, result, ascent, mask)
    if not bool(torch.isfinite(result).all()):
        raise DreamvidError(
            "the dream is no longer a number (NaN); try other dream.layers or a smaller step_size"
        )
    return result


def _climbed(
    image: Image,
    score: Differentiable,
    steps: list[Ascent],
    rng: torch.Generator,
    mask: Mask | None,
) -> Image:
    """An octave's picture after its steps."""
    found = climb(image, score, steps, rng) if mask is None else None
    if found is not None:
        return found
    past = None
    for step in steps:
        image, past = ascend(image, score, step, rng=rng, mask=mask, past=past)
    return image


def steps_of(ascent: Ascent, octave: int) -> list[Ascent]:
    """The steps of an octave, 0 the smallest, each with its own size."""
    first = ascent.step_size * ascent.octave_step**octave
    last = max(1, ascent.steps - 1)
    sizes = (first * (1 + (ascent.last_step - 1) * n / last) for n in range(ascent.steps))
    return [replace(ascent, step_size=size) for size in sizes]
