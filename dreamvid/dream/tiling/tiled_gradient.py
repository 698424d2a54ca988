"""The gradient of a picture too large to be looked at at once, taken tile by tile.

Not pixels are shared out but places: each layer's place belongs to one tile, which looks at all
pixels that its places depend on. Then what adds up over places does so over tiles, and the
tiles' gradients add up to the whole picture's, without a seam.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import torch

from dreamvid.dream.objectives.grid import Grid, Shift
from dreamvid.dream.objectives.objective import Sums
from dreamvid.dream.objectives.score import Score
from dreamvid.dream.tiling.receptive_field import Lie, Line, lines
from dreamvid.image import (
    Activation,
    OtherSizeActivation,
    OtherSizeImage,
    Scalar,
)

Read = Callable[[int, int, int, int], OtherSizeImage]
"""The piece of a picture at (top, left) of (height, width) pixels."""
Add = Callable[[int, int, OtherSizeImage], None]
"""Adds a piece of the gradient at (top, left)."""


@dataclass(frozen=True)
class Span:
    """Along one axis: the pixels a tile looks at, and which places it counts."""

    line: Line
    length: int  # pixels of the whole
    units: range  # of the total stride: the places that begin in these are the tile's own

    @cached_property
    def pixels(self) -> range:
        """Extended to where windows may start and end; never past the picture."""
        needed = [self._needed(lie) for lie in self.line.lies.values()]
        first, last = min(part.start for part in needed), max(part.stop for part in needed)
        start = max(0, first // self.line.stride * self.line.stride)
        end = last + (self.length - last) % self.line.stride
        return range(start, min(end, self.length))

    def own(self, layer: str) -> range:
        """The places counted here."""
        return self._places(self.line.lies[layer])

    def local(self, layer: str) -> slice:
        """Where the window's own places are, and one more after them, if there is one."""
        lie = self.line.lies[layer]
        seen, before = self._seen(lie), self.pixels.start // lie.stride
        return slice(seen.start - before, seen.stop - before)

    def _places(self, lie: Lie) -> range:
        unit, count = self.line.stride // lie.stride, lie.places(self.length)
        return range(min(count, self.units.start * unit), min(count, self.units.stop * unit))

    def _seen(self, lie: Lie) -> range:
        """Its own places, and one after them."""
        own = self._places(lie)
        return range(own.start, min(own.stop + 1, lie.places(self.length)))

    def _needed(self, lie: Lie) -> range:
        """Pixels, also beyond the picture; of a layer that ends before, those of its end."""
        seen, final = self._seen(lie), lie.places(self.length) - 1
        first, last = min(seen.start, final), min(seen.stop - 1, final)
        return range(lie.stride * first - lie.before, lie.stride * last + lie.after)


@dataclass(frozen=True)
class Tile:
    """A piece of the picture, and what it counts of the whole."""

    down: Span
    across: Span

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Top, left, height and width in pixels."""
        rows, columns = self.down.pixels, self.across.pixels
        return rows.start, columns.start, len(rows), len(columns)

    def piece(self, layer: str, seen: Activation, shift: Shift) -> tuple[OtherSizeActivation, Grid]:
        """What the objectives are given of a layer, and where it lies in the whole."""
        spans = (self.down, self.across)
        rows, columns = (span.own(layer) for span in spans)
        grid = Grid(
            whole=_both(span.line.lies[layer].places(span.length) for span in spans),
            own=(len(rows), len(columns)),
            first=(rows.start, columns.start),
            shift=shift,
        )
        return seen[..., self.down.local(layer), self.across.local(layer)], grid


def cut(size: tuple[int, int], both: tuple[Line, Line], tile: int) -> list[Tile]:
    """Tiles of about equal size, none of which counts more than `tile` pixels a side.

    Args:
        size: (height, width) of the picture.
        both: how the layers' places lie down and across it.
    """
    spans = (_spans(line, length, tile) for line, length in zip(both, size, strict=True))
    return [Tile(down, across) for down, across in product(*spans)]


def largest_window(size: tuple[int, int], both: tuple[Line, Line], tile: int) -> tuple[int, int]:
    """Height and width in pixels of the largest that any of the tiles looks at."""
    height, width = (
        max(len(span.pixels) for span in _spans(line, length, tile))
        for line, length in zip(both, size, strict=True)
    )
    return height, width


def tiled_gradient(
    score: Score, size: tuple[int, int], shift: Shift, read: Read, add: Add, tile: int
) -> None:
    """Add up the score's slope at a picture of (height, width) pixels that was rolled by `shift`.

    One window is in memory at a time: `tile` pixels, and on each side what places there
    depend on. Scores that are not sums over places take a pass more, without gradient.

    Raises PresetError for layers that look at the whole picture at once.
    """
    both = lines(score.features, score.layers, size, read(0, 0, 1, 1))
    tiles = cut(size, both, tile)
    slopes = None
    if not all(part.objective.adds_up for part in score.parts):
        slopes = _slopes(score, [_look(score, read(*t.window), t, shift) for t in tiles])
    for t in tiles:
        top, left, *_ = t.window
        image = read(*t.window).detach().requires_grad_()
        with torch.enable_grad():
            sums = _gather(score, image, t, shift)
            (gradient,) = torch.autograd.grad(_climbed(score, sums, slopes), image)
        add(top, left, gradient)


def _look(score: Score, image: OtherSizeImage, tile: Tile, shift: Shift) -> list[Sums]:
    with torch.no_grad():
        return _gather(score, image, tile, shift)


def _gather(score: Score, image: OtherSizeImage, tile: Tile, shift: Shift) -> list[Sums]:
    """Each part's sums over the tile."""
    seen = score.features(image, score.layers)
    pieces = {layer: tile.piece(layer, seen[layer], shift) for layer in score.layers}
    return [part.objective.statistics(*pieces[part.layer]) for part in score.parts]


def _slopes(score: Score, sums: Sequence[Sequence[Sums]]) -> list[Sums]:
    """How the score rises with each part's sums, at the sums of all tiles."""
    with torch.enable_grad():
        totals = [torch.stack(part).sum(0).requires_grad_() for part in zip(*sums, strict=True)]
        slopes = torch.autograd.grad(score.reduce(totals), totals)
    return list(slopes)


def _climbed(score: Score, sums: Sequence[Sums], slopes: Sequence[Sums] | None) -> Scalar:
    """What has the whole score's slope, as far as this tile can tell."""
    if slopes is None:
        return score.reduce(sums)
    pairs = zip(sums, slopes, strict=True)
    return torch.stack([(part * slope).sum() for part, slope in pairs]).sum()


def _spans(line: Line, length: int, tile: int) -> list[Span]:
    places = (lie.places(length) * lie.stride for lie in line.lies.values())
    units = max(1, -(-max(places) // line.stride))  # too small a picture is the model's to refuse
    count = -(-units // max(1, tile // line.stride))
    bounds = [number * units // count for number in range(count + 1)]
    return [Span(line, length, range(*pair)) for pair in pairwise(bounds)]


def _both(numbers: Iterator[int]) -> tuple[int, int]:
    down, across = numbers
    return down, across
