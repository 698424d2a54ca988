"""How the time of a step grows with the picture: per pixel it should stay the same."""

from dataclasses import dataclass

import torch

from dreamvid.bench.clock import seconds
from dreamvid.bench.spread import Spread, spread_of
from dreamvid.bench.steps import WARM, Place, Size, make_step

LADDER: tuple[Size, ...] = (
    (256, 144),
    (512, 288),
    (768, 432),
    (1024, 576),
    (1280, 720),
    (1920, 1080),
    (2560, 1440),
    (3840, 2160),
)
REFERENCE = (768, 432)  # what the others are held against
BUDGET = 120.0  # seconds for one layer; sizes above REFERENCE that would take longer are left out


@dataclass(frozen=True)
class Scaled:
    place: Place
    size: Size
    seconds: Spread  # a step
    relative: Spread  # time per pixel, that of REFERENCE being 1

    @property
    def nanoseconds_per_pixel(self) -> float:
        return self.seconds.median / (self.size[0] * self.size[1]) * 1e9


def scale(place: Place, repeats: int, device: torch.device) -> list[Scaled]:
    """All sizes in turn, so that a busy machine slows all of them alike.

    Raises ModelError where the smallest is too small for the layer.
    """
    steps, spent, per_pixel = {}, 0.0, 0.0
    for size in LADDER:
        pixels = size[0] * size[1]
        if size > REFERENCE and spent + per_pixel * pixels * (WARM + repeats) > BUDGET:
            break
        step = make_step(place, size, device)
        per_pixel = min(seconds(step, device) for _ in range(WARM)) / pixels
        spent += per_pixel * pixels * (WARM + repeats)
        steps[size] = step
    rounds = [{size: seconds(step, device) for size, step in steps.items()} for _ in range(repeats)]
    return [_scaled(place, size, rounds) for size in steps]


def _scaled(place: Place, size: Size, rounds: list[dict[Size, float]]) -> Scaled:
    share = (size[0] * size[1]) / (REFERENCE[0] * REFERENCE[1])
    return Scaled(
        place=place,
        size=size,
        seconds=spread_of([took[size] for took in rounds]),
        relative=spread_of([took[size] / took[REFERENCE] / share for took in rounds]),
    )
