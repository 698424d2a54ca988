"""Gradient of an image too large for one pass, taken tile by tile.

Tiles share out positions, not pixels: each position of a layer belongs to one tile, which looks
at all pixels of its receptive field. Then what adds up over positions does so over tiles, and the
tiles' gradients add up to the whole image's, without a seam.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import torch

from dreamvid.dream.objectives.grid import Grid, Shift
from dreamvid.dream.objectives.objective import Sums
from dreamvid.dream.objectives.score import Score
from dreamvid.dream.tiling.receptive_field import Axis, Field, receptive_fields
from dreamvid.image import Activation, OtherSizeActivation, OtherSizeImage, Scalar

Read = Callable[[int, int, int, int], OtherSizeImage]
"""Reads the piece of an image at (top, left) of (height, width) pixels."""
Add = Callable[[int, int, OtherSizeImage], None]
"""Adds a piece of the gradient at (top, left)."""


@dataclass(frozen=True)
class Span:
    """Extent of a tile along one axis: the pixels it looks at, and the positions it counts."""

    axis: Axis
    length: int  # pixels of the whole
    units: range  # of the total stride: the positions that begin in these are the tile's own

    @cached_property
    def pixels(self) -> range:
        """Pixels extended to where windows may start and end; never past the image."""
        needed = [self._needed(field) for field in self.axis.fields.values()]
        first, last = min(part.start for part in needed), max(part.stop for part in needed)
        start = max(0, first // self.axis.stride * self.axis.stride)
        end = last + (self.length - last) % self.axis.stride
        return range(start, min(end, self.length))

    def own(self, layer: str) -> range:
        """Positions of a layer that are counted in this tile."""
        return self._own(self.axis.fields[layer])

    def local(self, layer: str) -> slice:
        """Slice of a window's positions: the tile's own, and one more after them if there is."""
        field = self.axis.fields[layer]
        used, before = self._used(field), self.pixels.start // field.stride
        return slice(used.start - before, used.stop - before)

    def _own(self, field: Field) -> range:
        unit, count = self.axis.stride // field.stride, field.positions(self.length)
        return range(min(count, self.units.start * unit), min(count, self.units.stop * unit))

    def _used(self, field: Field) -> range:
        """The own positions, and one after them."""
        own = self._own(field)
        return range(own.start, min(own.stop + 1, field.positions(self.length)))

    def _needed(self, field: Field) -> range:
        """Pixels, also beyond the image; those of its end for a layer that ends before."""
        used, final = self._used(field), field.positions(self.length) - 1
        first, last = min(used.start, final), min(used.stop - 1, final)
        return range(field.stride * first - field.before, field.stride * last + field.after)


@dataclass(frozen=True)
class Tile:
    """A piece of the image, and the positions it counts of the whole."""

    down: Span
    across: Span

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Top, left, height and width in pixels."""
        rows, columns = self.down.pixels, self.across.pixels
        return rows.start, columns.start, len(rows), len(columns)

    def piece(
        self, layer: str, activation: Activation, shift: Shift
    ) -> tuple[OtherSizeActivation, Grid]:
        """Cut a layer's activation for its objectives, with its grid in the whole."""
        spans = (self.down, self.across)
        rows, columns = (span.own(layer) for span in spans)
        grid = Grid(
            whole=_both(span.axis.fields[layer].positions(span.length) for span in spans),
            own=(len(rows), len(columns)),
            first=(rows.start, columns.start),
            shift=shift,
        )
        return activation[..., self.down.local(layer), self.across.local(layer)], grid


def cut(size: tuple[int, int], axes: tuple[Axis, Axis], tile: int) -> list[Tile]:
    """Cut an image of (height, width) into about equal tiles, at most `tile` pixels a side."""
    spans = (_spans(axis, length, tile) for axis, length in zip(axes, size, strict=True))
    return [Tile(down, across) for down, across in product(*spans)]


def largest_window(size: tuple[int, int], axes: tuple[Axis, Axis], tile: int) -> tuple[int, int]:
    """Find the height and width in pixels of the largest window of any tile."""
    height, width = (
        max(len(span.pixels) for span in _spans(axis, length, tile))
        for axis, length in zip(axes, size, strict=True)
    )
    return height, width


def tiled_gradient(
    score: Score, size: tuple[int, int], shift: Shift, read: Read, add: Add, tile: int
) -> None:
    """Add up the score's gradient at an image of (height, width) that was rolled by `shift`.

    One window is in memory at a time: `tile` pixels, and on each side the receptive fields'
    reach. Scores that are not sums over positions take one more pass, without gradient.

    Raises PresetError for layers that look at the whole image at once.
    """
    axes = receptive_fields(score.features, score.layers, size, read(0, 0, 1, 1))
    tiles = cut(size, axes, tile)
    grad_sums = None
    if not all(part.objective.adds_up for part in score.parts):
        with torch.no_grad():
            sums = [_statistics(score, read(*t.window), t, shift) for t in tiles]
        grad_sums = _grad_sums(score, sums)
    for t in tiles:
        top, left, *_ = t.window
        image = read(*t.window).detach().requires_grad_()
        with torch.enable_grad():
            tile_sums = _statistics(score, image, t, shift)
            (gradient,) = torch.autograd.grad(_linearised(score, tile_sums, grad_sums), image)
        add(top, left, gradient)


def _statistics(score: Score, image: OtherSizeImage, tile: Tile, shift: Shift) -> list[Sums]:
    activations = score.features(image, score.layers)
    pieces = {layer: tile.piece(layer, activations[layer], shift) for layer in score.layers}
    return [part.objective.statistics(*pieces[part.layer]) for part in score.parts]


def _grad_sums(score: Score, sums: Sequence[Sequence[Sums]]) -> list[Sums]:
    """Take the score's gradient by each part's sums, at the sums of all tiles."""
    with torch.enable_grad():
        totals = [torch.stack(part).sum(0).requires_grad_() for part in zip(*sums, strict=True)]
        return list(torch.autograd.grad(score.reduce(totals), totals))


def _linearised(score: Score, sums: Sequence[Sums], grad_sums: Sequence[Sums] | None) -> Scalar:
    """A number of this tile that has the gradient of the whole image's score."""
    if grad_sums is None:
        return score.reduce(sums)
    pairs = zip(sums, grad_sums, strict=True)
    return torch.stack([(part * grad).sum() for part, grad in pairs]).sum()


def _spans(axis: Axis, length: int, tile: int) -> list[Span]:
    ends = (field.positions(length) * field.stride for field in axis.fields.values())
    units = max(1, -(-max(ends) // axis.stride))  # too small an image is the model's to refuse
    count = -(-units // max(1, tile // axis.stride))
    bounds = [number * units // count for number in range(count + 1)]
    return [Span(axis, length, range(*pair)) for pair in pairwise(bounds)]


def _both(numbers: Iterator[int]) -> tuple[int, int]:
    down, across = numbers
    return down, across
