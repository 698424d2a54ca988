"""The steps of an octave as one CUDA graph, replayed for each.

`graphs.py` records gradients; here it is all of a step, from rolling the picture to keeping it
within [0, 1]: nothing in an octave waits for Python or for the host. What changes from step to
step goes in as data. Settings that change from frame to frame are not worth recording.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dreamvid.dream.cuda import gradient_graphs as graphs
from dreamvid.dream.cuda import step_triton
from dreamvid.dream.cuda.gradient_graphs import GraphedScore, Shares
from dreamvid.dream.cuda.step_triton import Told
from dreamvid.dream.gradient import mean_size, normalise_pyramid, shape, shapes
from dreamvid.dream.objectives.score import Differentiable, Score
from dreamvid.dream.settings import Ascent
from dreamvid.image import Image

AFTER = 2  # octaves of a kind, of which a frame has one
ALIKE = 0.02  # of a step's size: what a recorded one may differ by from one that is not


def climb(
    image: Image, score: Differentiable, steps: Sequence[Ascent], rng: torch.Generator
) -> Image | None:
    """The picture after these steps, without a mask; None where they are no work for a GPU.

    Before they are recorded, and where they cannot be, they are the same operations: a render
    that is resumed records them anew, and has the same bits.

    Args:
        steps: that differ in size only. `rng` is drawn from as `ascend` does.
    """
    if not isinstance(score, GraphedScore) or not steps or not _is_simple(steps[0]):
        return None
    kept = graphs.graphs_of(score, image)
    if kept is None:
        return None
    ascent = steps[0]
    shaped = ascent.pyramid, ascent.frequency, ascent.smooth, ascent.decorrelate, ascent.luminance
    key = "steps", *graphs.kind_of(score, image), *shaped
    told = _to(image.device, [_drawn(step, image, rng) for step in steps])
    recorded = kept.find(key, AFTER, lambda pool: _Steps(score, image, ascent, pool))
    return (recorded or partial(_one_by_one, ascent))(score, image, told)


def _one_by_one(ascent: Ascent, score: Score, image: Image, told: Tensor) -> Image:
    shares, found = Shares(score, image), image.detach().clone()
    shares.put(score)
    of_shares = shares.within(score)
    for step in told:
        _step(found, step, of_shares, ascent)
    return found


def _is_simple(ascent: Ascent) -> bool:
    """Whether a step is made of the picture, the slope and its size, and nothing before it."""
    return ascent.optimiser == "ascent" and not (ascent.total_variation or ascent.high_frequency)


class _Steps:
    """Keeps nothing of the model, which it goes with."""

    def __init__(self, score: Score, image: Image, ascent: Ascent, pool: Any) -> None:
        self._image = image.detach().clone()
        self._told = torch.zeros(3, device=image.device)
        self._shares = Shares(score, image)
        self._shares.put(score)
        of_shares = self._shares.within(score)
        one = lambda: _step(self._image, self._told, of_shares, ascent)
        self._replay, _ = graphs.record(one, pool)
        self._check(image, of_shares, ascent)

    def _check(self, image: Image, score: Score, ascent: Ascent) -> None:
        """Raises RuntimeError where a replay does not do what it has recorded."""
        height, width = image.shape[-2:]
        self._told.copy_(torch.tensor([1 % height, 2 % width, 1 / 255]))
        expected = image.detach().clone()
        _step(expected, self._told, score, ascent, fast=False)
        self._image.copy_(image)
        self._replay()
        apart = (self._image - expected).abs().mean()
        if not bool(apart <= ALIKE / 255):
            raise RuntimeError(f"a replayed step is {255 * float(apart):.3f} of its size off")

    def __call__(self, score: Score, image: Image, told: Tensor) -> Image:
        self._image.copy_(image)
        self._shares.put(score)
        for step in told:
            self._told.copy_(step)
            self._replay()
        return self._image.clone()


def _drawn(ascent: Ascent, image: Image, rng: torch.Generator) -> list[float]:
    across, down = torch.randint(-ascent.jitter, ascent.jitter + 1, (2,), generator=rng).tolist()
    return [down % image.shape[-2], across % image.shape[-1], ascent.step_size / 255]


def _to(device: torch.device, rows: list[list[float]]) -> Tensor:
    """Without waiting for the device, which copying from memory that may move would."""
    table = torch.tensor(rows)
    return table.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else table


def _step(image: Image, told: Told, score: Score, ascent: Ascent, *, fast: bool = True) -> Image:
    """`ascend`, in place.

    Args:
        fast: by kernels of its own, where they can be had.
    """
    fast = fast and step_triton.takes(image)
    down, across = told[:2].long()
    seen = step_triton.rolled(image, told) if fast else _rolled(image, down, across)
    slope = score.gradient(seen)
    if ascent.pyramid:
        slope = normalise_pyramid(slope, levels=ascent.pyramid)
    if fast and not shapes(ascent):
        step_triton.advance(image, slope, told, mean_size(slope))
        return image
    direction = shape(_rolled(slope, -down, -across) / mean_size(slope), ascent)
    return image.add_(told[2] * direction).clamp_(0, 1)


def _rolled(image: Image, down: Tensor, across: Tensor) -> Image:
    """As `image.roll((down, across), (-2, -1))`, which wants to know them beforehand."""
    height, width = image.shape[-2:]
    rows = (torch.arange(height, device=image.device) - down) % height
    columns = (torch.arange(width, device=image.device) - across) % width
    return image[..., rows[:, None], columns]
