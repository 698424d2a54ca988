"""Time of a step by image size; per pixel it should be constant."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from dreamvid.profiling.bench.clock import seconds
from dreamvid.profiling.bench.spread import Spread, spread_of
from dreamvid.profiling.bench.steps import WARM, ModelLayer, Size, make_step

HEIGHTS = (144, 288, 432, 576, 720, 1080, 1440, 2160)
LADDER: tuple[Size, ...] = tuple((height * 16 // 9, height) for height in HEIGHTS)
REFERENCE = (768, 432)  # size that the others are compared with
BUDGET = 120.0  # seconds for a layer; sizes above REFERENCE that would take longer are left out
# Steps are timed in a row, as an octave takes them: a single one after steps of another size would
# find the caches cold.
ROW, SHORT = 10, 0.3  # steps in a row at most, and seconds for them


@dataclass(frozen=True)
class Scaled:
    model_layer: ModelLayer
    size: Size
    seconds: Spread  # a step
    relative: Spread  # time per pixel, relative to REFERENCE

    @property
    def nanoseconds_per_pixel(self) -> float:
        return self.seconds.median / (self.size[0] * self.size[1]) * 1e9


def scale(model_layer: ModelLayer, repeats: int, device: torch.device) -> list[Scaled]:
    """Time steps at all sizes in turn, so that a busy machine slows all of them alike.

    Raises ModelError where the smallest size is too small for the layer.
    """
    rows: dict[Size, tuple[Callable[[], None], int]] = {}
    spent, per_pixel = 0.0, 0.0
    for size in LADDER:
        pixels = size[0] * size[1]
        if size > REFERENCE and spent + per_pixel * pixels * (WARM + repeats) > BUDGET:
            break
        step = make_step(model_layer, size, device)
        once = min(seconds(step, device) for _ in range(WARM))
        per_pixel, count = once / pixels, max(1, min(ROW, int(SHORT / once)))
        spent += once * (WARM + count * repeats)
        rows[size] = step, count
    rounds = [
        {size: _mean_seconds(*row, device) for size, row in rows.items()} for _ in range(repeats)
    ]
    return [_scaled(model_layer, size, rounds) for size in rows]


def _mean_seconds(step: Callable[[], None], count: int, device: torch.device) -> float:
    return seconds(lambda: [step() for _ in range(count)], device) / count


def _scaled(model_layer: ModelLayer, size: Size, rounds: list[dict[Size, float]]) -> Scaled:
    share = (size[0] * size[1]) / (REFERENCE[0] * REFERENCE[1])
    return Scaled(
        model_layer=model_layer,
        size=size,
        seconds=spread_of([took[size] for took in rounds]),
        relative=spread_of([took[size] / took[REFERENCE] / share for took in rounds]),
    )
