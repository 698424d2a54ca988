"""Pixels as a network was trained on, in one pass forward and one backward."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from dreamvid.image import Image, constant


@dataclass(frozen=True)
class Pixels:
    """A network's input: (image * scale, channels ordered, - mean) / std."""

    scale: float  # 255 for Caffe's pixels, 1 for torchvision's
    mean: tuple[float, float, float]  # in the network's own channel order
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bgr: bool = False

    def prepare(self, image: Image) -> Tensor:
        """Convert (1, 3, H, W) RGB in [0, 1] to the network's input, channels last."""
        return _Prepare.apply(image, self)

    @cached_property
    def channels(self) -> Sequence[tuple[int, float, float]]:
        """Source channel, factor and offset of each of the network's channels."""
        order = (2, 1, 0) if self.bgr else (0, 1, 2)
        values = zip(order, self.mean, self.std, strict=True)
        return [(source, self.scale / std, -mean / std) for source, mean, std in values]


class _Prepare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, pixels: Pixels) -> Tensor:
        ctx.pixels, ctx.layout = pixels, torch.empty_like(image, device="meta")
        output = torch.empty_like(image, memory_format=torch.channels_last)
        for channel, (source, times, plus) in enumerate(pixels.channels):
            base = constant((plus,), image.device, image.dtype)
            torch.add(base, image[:, source], alpha=times, out=output[:, channel])
        return output

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (grad_output,) = grad_outputs
        grad_input = torch.empty_like(ctx.layout, device=grad_output.device)
        for channel, (source, times, _) in enumerate(ctx.pixels.channels):
            torch.mul(grad_output[:, channel], times, out=grad_input[:, source])
        return grad_input, None
