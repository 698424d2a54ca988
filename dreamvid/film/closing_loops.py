"""Loops that close: the film's end is led to become its beginning.

A looping film has frames before its first one, rendered like all others but shown nowhere. Since
the same motion leads from them to frame 0 as leads from the film's last frames to its end, the
last frames can become them one by one: `frame[N - k]` turns into `frame[-k]`, and `frame[N]`
is `frame[0]`, whatever the motion is.

- cross-fade: the shown frames dissolve into those before the first, both moving alike.
- endless: the dream itself is led there. What it is led to enters where the picture is newest and
  is moved and dreamed on like everything else, so that nothing is seen to be mixed.
"""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image
from dreamvid.preset.schema import LoopOptions

Leads = MutableMapping[int, Image]
"""The frames before the first one, by their index, -1 the last."""

Share = TypeVar("Share", float, Tensor)

SOFT = 0.35  # border of what is led, in half diagonals; narrower is a ring, wider a dissolve


def lead_frames(options: LoopOptions, fps: Fraction) -> tuple[int, int]:
    """How many frames the end takes to become the beginning, and how many come before the first.

    The picture a film starts with is no dream yet: it has `warm_up` seconds to become one.
    """
    if options.kind == "none":
        return 0, 0
    overlap = max(1, round(Fraction(options.seconds) * fps))
    return overlap, overlap + round(Fraction(options.warm_up) * fps)


@dataclass(frozen=True)
class Closing:
    """Keeps the frames before the first one, and leads the last ones to them."""

    kind: str
    overlap: int  # frames
    count: int  # frames of the film
    leads: Leads
    way: int = 0  # of the camera: 1 in, so that what is new is in the middle; -1 out; 0 neither

    def lead(self, index: int, dreamed: Image) -> Image:
        """The dream of a frame, led towards the beginning by as much as is due."""
        if self.kind != "endless" or index < self.count - self.overlap:
            return dreamed
        share = led_share(index - (self.count - self.overlap), self.overlap)
        if self.way:
            weight = growing_disc(dreamed, share, inwards=self.way > 0)
        else:
            weight = share_of_step(share, self.overlap)
        return dreamed + weight * (self._target(index, dreamed) - dreamed)

    def shown(self, index: int, image: Image) -> Image:
        """What is shown of a frame; kept, where the end is to be led to it."""
        if -self.overlap <= index < 0:
            self.leads[index] = image
        if self.kind != "cross-fade" or index < self.count - self.overlap:
            return image
        share = led_share(index - (self.count - self.overlap), self.overlap)
        return image + _smooth(share) * (self._target(index, image) - image)

    def _target(self, index: int, like: Image) -> Image:
        return self.leads[index - self.count].to(like)


def led_share(number: int, overlap: int) -> float:
    """How far the end is led after its first `number` frames; 1 would be frame 0 itself."""
    return (number + 1) / (overlap + 1)


def growing_disc(like: Image, share: float, *, inwards: bool) -> Float[Tensor, "1 1 h w"]:
    """What of the picture is led: a soft disc that grows from the middle until all is covered.

    Going backwards new things come in at the border, so there it shrinks in from outside.
    """
    height, width = like.shape[-2:]
    y = torch.linspace(-1, 1, height, device=like.device)[:, None] * height
    x = torch.linspace(-1, 1, width, device=like.device) * width
    radius = torch.hypot(x, y) / math.hypot(height, width)
    way = radius if inwards else 1 - radius
    mask = ((share * (1 + SOFT) - way) / SOFT).clamp(0, 1)
    return _smooth(mask)[None, None]


def share_of_step(share: float, overlap: int) -> float:
    """What one frame must take on so that all taken on since the beginning is a smooth curve."""
    before = _smooth(max(0.0, share - 1 / (overlap + 1)))
    return (_smooth(share) - before) / (1 - before)


def _smooth(x: Share) -> Share:
    return x * x * (3 - 2 * x)
