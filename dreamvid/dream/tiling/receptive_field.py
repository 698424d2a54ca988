"""Receptive fields of a network's layers, found by probing instead of by tables.

Where a part of an image is NaN, every position that depends on it becomes NaN, too. Padding may
depend on the image's length (TensorFlow's SAME, pooling that rounds up), so a result holds for
lengths that leave the same remainder modulo the total stride.
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
SHORTEST, LONGEST = 512, 8192  # pixels probed; a layer that reaches half of them sees everything


@dataclass(frozen=True)
class Field:
    """Receptive fields of a layer's positions along an axis.

    In a window that starts and ends where an `Axis` allows, position p has the whole image's
    value if the window's own pixels include all from `stride * p - before` to before
    `stride * p + after`, but for those beyond the image's border.
    """

    stride: int  # pixels from position to position
    before: int  # pixels
    after: int  # pixels
    surplus: int  # stride * positions - pixels: what padding adds, or its lack takes

    def positions(self, length: int) -> int:
        """Count the layer's positions along so many pixels."""
        return (length + self.surplus) // self.stride


@dataclass(frozen=True)
class Axis:
    """Receptive fields of several layers along one axis of an image.

    A window may start at any multiple of `stride`, and must be longer or shorter than the
    image by a multiple of it.
    """

    stride: int  # pixels: the total, which all layers' strides divide
    fields: dict[str, Field]


@dataclass(frozen=True)
class _Probe:
    """A strip of an image, long in one axis."""

    features: Features
    layers: tuple[str, ...]
    like: Tensor  # of the device and precision that the features take
    axis: int  # 0: down, 1: across

    def numbers(
        self, side: int, length: int, blank: slice = slice(0)
    ) -> dict[str, Bool[Tensor, " _"]]:
        """Find the positions along the axis that are numbers when a part of the strip is NaN."""
        strip = self.like.new_full((1, 3, side, length), 0.5)
        strip[..., blank] = math.nan
        # Fast convolutions mix more pixels than the layer does.
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=False), reference_mode():
            activations = self.features(strip.mT if self.axis == 0 else strip, self.layers)
        across = {layer: _along(activations[layer], self.axis) for layer in self.layers}
        return {layer: ~values.isnan().any(0) for layer, values in across.items()}

    def side(self) -> int:
        """Find the least of SIDES that these layers can take."""
        for side in SIDES[:-1]:
            try:
                self.numbers(side, side)
                return side
            except (ModelError, RuntimeError):
                continue
        return SIDES[-1]

    def strides(self, side: int) -> dict[str, int]:
        """Measure each layer's stride; raises PresetError where its size is fixed."""
        less, more = self.numbers(side, side), self.numbers(side, side + MORE)
        added = {layer: len(more[layer]) - len(less[layer]) for layer in self.layers}
        for layer, positions in added.items():
            if not positions or MORE % positions:
                raise _untileable(layer)
        return {layer: MORE // positions for layer, positions in added.items()}

    def fields(self, side: int, strides: dict[str, int], remainder: int) -> dict[str, Field]:
        """Measure images whose length leaves this remainder modulo the total stride."""
        total, length, blind = math.lcm(*strides.values()), max(SHORTEST, side), ""
        while length <= LONGEST:
            start = length // 2 // total * total
            end, whole = start + remainder, 2 * start + remainder
            later = self.numbers(side, whole, slice(start))
            earlier = self.numbers(side, whole, slice(end, None))
            blind = next((n for n in strides if not (later[n][-1] and earlier[n][0])), "")
            if not blind:
                return {
                    name: Field(
                        stride,
                        before=stride * (1 + int((~later[name]).nonzero().max())) - start,
                        after=end - stride * (int((~earlier[name]).nonzero().min()) - 1),
                        surplus=stride * len(later[name]) - whole,
                    )
                    for name, stride in strides.items()
                }
            length *= 2
        raise _untileable(blind)


def receptive_fields(
    features: Features, layers: tuple[str, ...], size: tuple[int, int], like: OtherSizeImage
) -> tuple[Axis, Axis]:
    """Probe these layers down and across an image of (height, width) pixels.

    `like` has the device and precision that the features take.
    Raises PresetError for layers that look at the whole image at once.
    """
    down, across = (_axis(_Probe(features, layers, like, axis), size[axis]) for axis in (0, 1))
    return down, across


def check_tileable(features: Features, layers: tuple[str, ...], like: OtherSizeImage) -> None:
    """Raise PresetError for layers that look at the whole image at once."""
    for axis in (0, 1):
        _strides(_Probe(features, layers, like, axis))


# Results of each model by its layers; a probe takes a few forward passes.
_STRIDES: WeakKeyDictionary[Features, dict[tuple, tuple[int, dict[str, int]]]]
_STRIDES = WeakKeyDictionary()
_AXES: WeakKeyDictionary[Features, dict[tuple, Axis]] = WeakKeyDictionary()


def _strides(probe: _Probe) -> tuple[int, dict[str, int]]:
    """Look up or measure the side to probe with, and each layer's stride."""
    cached, key = _STRIDES.setdefault(probe.features, {}), (probe.layers, probe.axis)
    if key not in cached:
        side = probe.side()
        cached[key] = side, probe.strides(side)
    return cached[key]


def _axis(probe: _Probe, length: int) -> Axis:
    side, strides = _strides(probe)
    total = math.lcm(*strides.values())
    cached, key = _AXES.setdefault(probe.features, {}), (probe.layers, probe.axis, length % total)
    if key not in cached:
        cached[key] = Axis(total, probe.fields(side, strides, length % total))
    return cached[key]


def _along(activation: Tensor, axis: int) -> Tensor:
    """Flatten all values at each position along the axis: (values, positions)."""
    if activation.ndim != 4:  # a classifier's answer, of the whole image
        return activation.reshape(-1, 1)
    return activation[0].movedim(1 + axis, -1).flatten(0, 1)


def _untileable(layer: str) -> PresetError:
    problem = f"{layer} looks at the whole picture at once and cannot be dreamed in tiles"
    return PresetError("dream.tile", problem, '"off", or other dream.layers')
