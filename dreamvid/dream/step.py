"""The dream of one frame: gradient steps over octaves.

The order of all that can be done, most of it off in the 2015 look:

    each octave, smallest first: the image at this size + the detail dreamed so far
      each step:  roll by the jitter -> gradient -> normalise (pyramid) -> mean size 1 -> roll back
                  -> optimiser -> SHAPERS: frequency, smooth, decorrelate, luminance
                  -> times the step's size -> PULLS: total variation, high frequency
                  -> times the mask -> add -> clamp to [0, 1]
    at the end:   sharpen -> limit the chroma, of what was dreamed

The pyramid comes before rolling back, as its levels are a grid of their own; all that
follows is in the image's own pixels, so that what a step remembers stays with its pixels.

`cuda/step_graphs.py` has the step as a CUDA graph, `tiling/out_of_core_step.py` for an image on
disk. Both loop over the same SHAPERS, PULLS and OPTIMISERS, and refuse an `Ascent` with a field
they do not know.
"""

from dataclasses import replace

import torch

from dreamvid.dream.cuda.step_graphs import replay_steps
from dreamvid.dream.finite import check_finite
from dreamvid.dream.gradient import mean_size, normalise_pyramid
from dreamvid.dream.jitter import draw_jitter, rolled
from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.objectives.score import Differentiable
from dreamvid.dream.octaves import octave_sizes, typical_octave
from dreamvid.dream.optimisers import Past, optimise
from dreamvid.dream.postprocess import finish
from dreamvid.dream.regularise import PULLS, pull
from dreamvid.dream.settings import Ascent, active
from dreamvid.dream.shaping import shape
from dreamvid.image import Image, resize
from dreamvid.system import allocator


def ascend(
    image: Image,
    score: Differentiable,
    ascent: Ascent,
    *,
    rng: torch.Generator,
    mask: Mask | None = None,
    past: Past | None = None,
) -> tuple[Image, Past | None]:
    """Take one gradient step that raises the score (`make_step` of dream.ipynb, 2015).

    The image is rolled by up to `jitter` pixels first and back after, so that no grid of
    the network's strides builds up. The gradient is divided by its mean size, so that
    `step_size` means the same at every layer and size.

    Args:
        image: (1, 3, H, W), RGB in [0, 1]; not changed.
        mask: (1, 1, H, W), the share of the step that each pixel takes; None: all of it.
        past: the optimiser's memory of this octave's earlier steps.

    Returns:
        A new image of the same shape, in [0, 1], and the memory for the next step.
    """
    image = image.detach()
    direction = ascent_direction(image, score, ascent, rng)
    direction, past = optimise(direction, past, ascent.optimiser)
    size, direction = ascent.step_size / 255, shape(direction, ascent)
    pulled = any(active(PULLS, ascent))
    if mask is None and not pulled:
        return torch.add(image, direction, alpha=size).clamp_(0, 1), past
    change = size * direction
    if pulled:
        change = change + pull(image, ascent)
    if mask is not None:
        change = change * mask
    return (image + change).clamp(0, 1), past


def ascent_direction(
    image: Image, score: Differentiable, ascent: Ascent, rng: torch.Generator
) -> Image:
    """Take the score's gradient at the jittered image, scaled to a mean size of 1."""
    down, across = draw_jitter(ascent.jitter, rng)
    gradient = score.gradient(
        rolled(image, down, across), (down / image.shape[-2], across / image.shape[-1])
    )
    if ascent.pyramid:
        gradient = normalise_pyramid(gradient, levels=ascent.pyramid)
    return rolled(gradient, -down, -across, over=mean_size(gradient))


def dream(
    image: Image,
    score: Differentiable,
    ascent: Ascent,
    *,
    rng: torch.Generator,
    mask: Mask | None = None,
) -> Image:
    """Dream from the smallest octave up (`deepdream` of dream.ipynb, 2015).

    The detail that was dreamed is carried from octave to octave, not the blurred image.

    Args:
        image: (1, 3, H, W), RGB in [0, 1]; not changed.
        mask: (1, 1, H, W), how strongly each pixel is dreamed, 0 to 1; None: all alike.

    Returns:
        A new image of the same shape, in [0, 1].

    Raises:
        PresetError: an octave would be too small.
        DreamvidError: the image is no longer a number.
    """
    allocator.settle(image)
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
        octave_mask = None if mask is None else resize(mask, size)
        result = _dream_octave(result, score, steps_of(ascent, octave), rng, octave_mask)
        detail = result - base
    result = finish(image, result, ascent, mask)
    check_finite(result)
    return result


def _dream_octave(
    image: Image,
    score: Differentiable,
    steps: list[Ascent],
    rng: torch.Generator,
    mask: Mask | None,
) -> Image:
    replayed = replay_steps(image, score, steps, rng) if mask is None else None
    if replayed is not None:
        return replayed
    past = None
    for step in steps:
        image, past = ascend(image, score, step, rng=rng, mask=mask, past=past)
    return image


def steps_of(ascent: Ascent, octave: int) -> list[Ascent]:
    """Give each step of an octave, 0 the smallest, its own `step_size`."""
    first = ascent.step_size * ascent.octave_step**octave
    last = max(1, ascent.steps - 1)
    sizes = (first * (1 + (ascent.last_step - 1) * n / last) for n in range(ascent.steps))
    return [replace(ascent, step_size=size) for size in sizes]
