"""Looping films: the end is blended into the beginning.

A looping film has a lead-in: frames before its first one, rendered like all others but not shown.
Since the same motion leads from them to frame 0 as leads from the film's last frames to its end,
the last frames can become them one by one: `frame[N - k]` is blended into `frame[-k]`, and
`frame[N]` equals `frame[0]`, whatever the motion is.

- cross-fade: the shown frames dissolve into the lead-in, both moving alike.
- endless: the dream itself is blended. New content enters where the image is newest and is moved
  and dreamed on like everything else, so that no mixture is visible.
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

LeadIn = MutableMapping[int, Image]
"""Frames before the first one by index, -1 being the last of them."""

Share = TypeVar("Share", float, Tensor)

SOFTNESS = 0.35  # of the disc's border, in half diagonals; narrower is a ring, wider a dissolve


def lead_frames(options: LoopOptions, fps: Fraction) -> tuple[int, int]:
    """Compute the number of frames that are blended, and of those before the first one.

    The start picture is no dream yet: it has `warm_up` seconds to become one.
    """
    if options.kind == "none":
        return 0, 0
    overlap = max(1, round(Fraction(options.seconds) * fps))
    return overlap, overlap + round(Fraction(options.warm_up) * fps)


@dataclass(frozen=True)
class Closing:
    """Blending of a loop's last frames into its lead-in, which it collects."""

    kind: str
    overlap: int  # frames
    count: int  # frames of the film
    lead_in: LeadIn
    direction: int = 0  # of the camera: 1 in, new content in the middle; -1 out; 0 neither

    def blend(self, index: int, dreamed: Image) -> Image:
        """Blend a frame's dream into the lead-in, in an endless loop."""
        if self.kind != "endless" or index < self.count - self.overlap:
            return dreamed
        share = blended_share(index - (self.count - self.overlap), self.overlap)
        if self.direction:
            weight = growing_disc(dreamed, share, inwards=self.direction > 0)
        else:
            weight = share_of_step(share, self.overlap)
        return dreamed + weight * (self._target(index, dreamed) - dreamed)

    def shown(self, index: int, image: Image) -> Image:
        """Cross-fade a frame that is shown; store it, if it is one that the end becomes."""
        if -self.overlap <= index < 0:
            self.lead_in[index] = image
        if self.kind != "cross-fade" or index < self.count - self.overlap:
            return image
        share = blended_share(index - (self.count - self.overlap), self.overlap)
        return image + _smooth(share) * (self._target(index, image) - image)

    def _target(self, index: int, like: Image) -> Image:
        return self.lead_in[index - self.count].to(like)


def blended_share(number: int, overlap: int) -> float:
    """Compute the progress after `number` blended frames; 1 would be frame 0 itself."""
    return (number + 1) / (overlap + 1)


def growing_disc(like: Image, share: float, *, inwards: bool) -> Float[Tensor, "1 1 h w"]:
    """Make the mask of the blended area: a soft disc that grows from the middle.

    Of a camera that moves backwards, whose new content comes in at the border, it shrinks from
    outside.
    """
    height, width = like.shape[-2:]
    y = torch.linspace(-1, 1, height, device=like.device)[:, None] * height
    x = torch.linspace(-1, 1, width, device=like.device) * width
    radius = torch.hypot(x, y) / math.hypot(height, width)
    distance = radius if inwards else 1 - radius
    mask = ((share * (1 + SOFTNESS) - distance) / SOFTNESS).clamp(0, 1)
    return _smooth(mask)[None, None]


def share_of_step(share: float, overlap: int) -> float:
    """Compute a frame's weight such that the weights of all frames so far add up smoothly."""
    before = _smooth(max(0.0, share - 1 / (overlap + 1)))
    return (_smooth(share) - before) / (1 - before)


def _smooth(x: Share) -> Share:
    return x * x * (3 - 2 * x)
