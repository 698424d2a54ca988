"""The steps of an octave as one CUDA graph, replayed for each.

`gradient_graphs.py` records gradients; here it is all of a step, from rolling the image to
clamping it to [0, 1]: nothing in an octave waits for Python or for the host. What changes from
step to step goes in as data. Settings that change from frame to frame are not worth recording.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dreamvid.dream.cuda import gradient_graphs as graphs
from dreamvid.dream.cuda import step_triton
from dreamvid.dream.cuda.gradient_graphs import GraphedScore, Graphs, Weights
from dreamvid.dream.cuda.step_triton import StepInputs
from dreamvid.dream.gradient import mean_size, normalise_pyramid
from dreamvid.dream.jitter import draw_jitter
from dreamvid.dream.objectives.score import Differentiable, Score
from dreamvid.dream.settings import AROUND_STEPS, Ascent, active, unknown_fields
from dreamvid.dream.shaping import SHAPERS, shape
from dreamvid.dream.tiling.tiled_score import TiledScore
from dreamvid.image import Image
from dreamvid.system.memory import ran_out

AFTER = 2  # octaves of a kind that are not recorded; a frame has one of each
TOLERANCE = 0.02  # of a step's size: how far a replayed step may be from one that is not
DATA = frozenset({"step_size", "jitter"})  # fields that differ from step to step of a recording


def replay_steps(
    image: Image, score: Differentiable, steps: Sequence[Ascent], rng: torch.Generator
) -> Image | None:
    """Take an octave's steps, without a mask, by a CUDA graph; None where there can be none.

    The steps differ in size only; `rng` is drawn from as `ascend` does. Before a kind of step is
    recorded, and where that fails, the same operations run one by one: a render that is resumed
    records them anew, and has the same bits.
    """
    if not steps or unknown_fields(steps[0], DATA | AROUND_STEPS | {"pyramid", *SHAPERS}):
        return None
    whole = _whole_score(image, score)
    cached = whole and graphs.graphs_of(whole, image)
    if whole is None or cached is None:
        return None
    state = rng.get_state()
    try:
        return _run(image, whole, steps, rng, cached)
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
    rng.set_state(state)  # `ascend` begins anew, and its score takes the gradient in tiles
    return None


def _whole_score(image: Image, score: Differentiable) -> GraphedScore | None:
    """Unwrap the score whose gradient is recorded; None for an image that is taken in tiles."""
    if isinstance(score, TiledScore) and image.device.type == graphs.DEVICE:
        score = score.whole(image) or score
    return score if isinstance(score, GraphedScore) else None


def _run(
    image: Image, score: Score, steps: Sequence[Ascent], rng: torch.Generator, cached: Graphs
) -> Image:
    ascent = _kind(steps[0])
    key = "steps", *graphs.kind_of(score, image), ascent
    inputs = _to(image.device, [_step_inputs(step, image, rng) for step in steps])
    recorded = cached.find(key, AFTER, lambda pool: _RecordedStep(score, image, ascent, pool))
    return (recorded or partial(_one_by_one, ascent))(score, image, inputs)


def _kind(ascent: Ascent) -> Ascent:
    """Reset the fields that a recording does not hold: data, and those no step reads."""
    defaults = {field.name: field.default for field in fields(ascent)}
    return replace(ascent, **{name: defaults[name] for name in DATA | AROUND_STEPS})


def _one_by_one(ascent: Ascent, score: Score, image: Image, inputs: Tensor) -> Image:
    weights, result = Weights(score, image), image.detach().clone()
    weights.put(score)
    weighted = weights.within(score)
    for step in inputs:
        _step(result, step, weighted, ascent)
    return result


class _RecordedStep:
    """A step as a graph; holds nothing of the model, with which it is dropped."""

    def __init__(self, score: Score, image: Image, ascent: Ascent, pool: Any) -> None:
        self._image = image.detach().clone()
        self._inputs = torch.zeros(3, device=image.device)
        self._weights = Weights(score, image)
        self._weights.put(score)
        weighted = self._weights.within(score)
        step = lambda: _step(self._image, self._inputs, weighted, ascent)
        self._replay, _ = graphs.record(step, pool)
        self._check(image, weighted, ascent)

    def _check(self, image: Image, score: Score, ascent: Ascent) -> None:
        """Raise RuntimeError where a replay does not do what was recorded."""
        height, width = image.shape[-2:]
        self._inputs.copy_(torch.tensor([1 % height, 2 % width, 1 / 255]))
        expected = image.detach().clone()
        _step(expected, self._inputs, score, ascent, fast=False)
        self._image.copy_(image)
        self._replay()
        difference = (self._image - expected).abs().mean()
        if not bool(difference <= TOLERANCE / 255):
            raise RuntimeError(f"a replayed step is {255 * float(difference):.3f} of its size off")

    def __call__(self, score: Score, image: Image, inputs: Tensor) -> Image:
        self._image.copy_(image)
        self._weights.put(score)
        for step in inputs:
            self._inputs.copy_(step)
            self._replay()
        return self._image.clone()


def _step_inputs(ascent: Ascent, image: Image, rng: torch.Generator) -> list[float]:
    down, across = draw_jitter(ascent.jitter, rng)
    return [down % image.shape[-2], across % image.shape[-1], ascent.step_size / 255]


def _to(device: torch.device, rows: list[list[float]]) -> Tensor:
    """Copy from pinned memory, as any other copy would wait for the device."""
    table = torch.tensor(rows)
    return table.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else table


def _step(
    image: Image, inputs: StepInputs, score: Score, ascent: Ascent, *, fast: bool = True
) -> Image:
    """Take the step of `ascend` in place; `fast` uses the Triton kernels, where they run."""
    fast = fast and step_triton.supports(image)
    down, across = inputs[:2].long()
    rolled = step_triton.rolled(image, inputs) if fast else _rolled(image, down, across)
    gradient = score.gradient(rolled)
    if ascent.pyramid:
        gradient = normalise_pyramid(gradient, levels=ascent.pyramid)
    if fast and not any(active(SHAPERS, ascent)):
        step_triton.advance(image, gradient, inputs, mean_size(gradient))
        return image
    direction = shape(_rolled(gradient, -down, -across) / mean_size(gradient), ascent)
    return image.add_(inputs[2] * direction).clamp_(0, 1)


def _rolled(image: Image, down: Tensor, across: Tensor) -> Image:
    """Roll an image by shifts that lie on the device, which `image.roll` does not take."""
    height, width = image.shape[-2:]
    rows = (torch.arange(height, device=image.device) - down) % height
    columns = (torch.arange(width, device=image.device) - across) % width
    return image[..., rows[:, None], columns]
