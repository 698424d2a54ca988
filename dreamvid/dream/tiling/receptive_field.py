"""Which pixels the places of a network's layers depend on: found by looking, not by tables.

Where a part of a picture is no number (NaN), every place that depends on it becomes none either.
Padding may depend on a picture's length (TensorFlow's SAME, pooling that rounds up), so what is
found holds for lengths that leave the same remainder modulo the total stride.
"""

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Bool
from torch import Tensor

from dreamvid.dream.objectives.score import Features
from dreamvid.errors import ModelError, PresetError
from dreamvid.image import OtherSizeImage
from dreamvid.models.layers.reference_mode import reference_mode

SIDES = (32, 64, 128, 256, 512)  # pixels tried across the axis; unpadded layers need some
MORE = 960  # pixels; a multiple of every stride there is
SHORTEST, LONGEST = 512, 8192  # pixels probed; a place that reaches half of them sees everything


@dataclass(frozen=True)
class Lie:
    """How a layer's places lie along an axis.

    In a window that starts and ends where a `Line` allows, place p has the whole picture's
    value if the window's own pixels include all from `stride * p - before` up to, and without,
    `stride * p + after`, but for those beyond the picture's border.
    """

    stride: int  # pixels from place to place
    before: int  # pixels
    after: int  # pixels
    surplus: int  # stride * places - pixels: what padding adds, or its lack takes

    def places(self, length: int) -> int:
        """How many a picture of so many pixels has."""
        return (length + self.surplus) // self.stride


@dataclass(frozen=True)
class Line:
    """Layers along one axis of a picture.

    A window may start at any multiple of `stride`, and must be longer or shorter than the
    picture by a multiple of it.
    """

    stride: int  # pixels: the total, which all layers' strides divide
    lies: dict[str, Lie]


@dataclass(frozen=True)
class _Probe:
    """A strip of a picture, long in one axis."""

    features: Features
    layers: tuple[str, ...]
    like: Tensor  # of the device and precision that the features take
    axis: int  # 0: down, 1: across

    def numbers(
        self, side: int, length: int, nothing: slice = slice(0)
    ) -> dict[str, Bool[Tensor, " _"]]:
        """Which places along the axis still are numbers, when a part of the strip is none."""
        strip = self.like.new_full((1, 3, side, length), 0.5)
        strip[..., nothing] = math.nan
        # Fast convolutions mix more pixels than the layer does.
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=False), reference_mode():
            seen = self.features(strip.mT if self.axis == 0 else strip, self.layers)
        across = {layer: _across(seen[layer], self.axis) for layer in self.layers}
        return {layer: ~values.isnan().any(0) for layer, values in across.items()}

    def side(self) -> int:
        """The least of SIDES that these layers can look at."""
        for side in SIDES[:-1]:
            try:
                self.numbers(side, side)
                return side
            except (ModelError, RuntimeError):
                continue
        return SIDES[-1]

    def strides(self, side: int) -> dict[str, int]:
        """Raises PresetError for layers whose places do not grow with the picture."""
        less, more = self.numbers(side, side), self.numbers(side, side + MORE)
        found = {layer: len(more[layer]) - len(less[layer]) for layer in self.layers}
        for layer, places in found.items():
            if not places or MORE % places:
                raise _untileable(layer)
        return {layer: MORE // places for layer, places in found.items()}

    def lies(self, side: int, strides: dict[str, int], remainder: int) -> dict[str, Lie]:
        """Of pictures whose length leaves this remainder modulo the total stride."""
        total, length, blind = math.lcm(*strides.values()), max(SHORTEST, side), ""
        while length <= LONGEST:
            start = length // 2 // total * total
            end, whole = start + remainder, 2 * start + remainder
            later = self.numbers(side, whole, slice(start))
            earlier = self.numbers(side, whole, slice(end, None))
            blind = next((n for n in strides if not (later[n][-1] and earlier[n][0])), "")
            if not blind:
                return {
                    name: Lie(
                        stride,
                        before=stride * (1 + _last(~later[name])) - start,
                        after=end - stride * (_first(~earlier[name]) - 1),
                        surplus=stride * len(later[name]) - whole,
                    )
                    for name, stride in strides.items()
                }
            length *= 2
        raise _untileable(blind)


def lines(
    features: Features, layers: tuple[str, ...], size: tuple[int, int], like: OtherSizeImage
) -> tuple[Line, Line]:
    """How the places of these layers lie down and across a picture of (height, width) pixels.

    Args:
        like: any picture on the device and of the precision that the features take.

    Raises PresetError for layers that look at the whole picture at once.
    """
    down, across = (_line(_Probe(features, layers, like, axis), size[axis]) for axis in (0, 1))
    return down, across


def check_tileable(features: Features, layers: tuple[str, ...], like: OtherSizeImage) -> None:
    """Raises PresetError for layers that look at the whole picture at once."""
    for axis in (0, 1):
        _strides(_Probe(features, layers, like, axis))


# Of each model, what was found for some layers; it takes a few forward passes.
_STRIDES: WeakKeyDictionary[Features, dict[tuple, tuple[int, dict[str, int]]]]
_STRIDES = WeakKeyDictionary()
_LINES: WeakKeyDictionary[Features, dict[tuple, Line]] = WeakKeyDictionary()


def _strides(probe: _Probe) -> tuple[int, dict[str, int]]:
    """The side to probe with, and each layer's stride."""
    found, key = _STRIDES.setdefault(probe.features, {}), (probe.layers, probe.axis)
    if key not in found:
        side = probe.side()
        found[key] = side, probe.strides(side)
    return found[key]


def _line(probe: _Probe, length: int) -> Line:
    side, strides = _strides(probe)
    total = math.lcm(*strides.values())
    found, key = _LINES.setdefault(probe.features, {}), (probe.layers, probe.axis, length % total)
    if key not in found:
        found[key] = Line(total, probe.lies(side, strides, length % total))
    return found[key]


def _across(seen: Tensor, axis: int) -> Tensor:
    """Everything that there is at each place along the axis; (values, places)."""
    if seen.ndim != 4:  # a classifier's answer, of the whole picture
        return seen.reshape(-1, 1)
    return seen[0].movedim(1 + axis, -1).flatten(0, 1)


def _first(places: Bool[Tensor, " _"]) -> int:
    return int(places.nonzero().min())


def _last(places: Bool[Tensor, " _"]) -> int:
    return int(places.nonzero().max())


def _untileable(layer: str) -> PresetError:
    problem = f"{layer} looks at the whole picture at once and cannot be dreamed in tiles"
    return PresetError("dream.tile", problem, '"off", or other dream.layers')
