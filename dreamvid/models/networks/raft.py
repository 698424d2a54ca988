"""torchvision's RAFT, a network that estimates optical flow (Teed and Deng, 2020).

It is installed like the other models, but takes two images and has no layers to dream.
"""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Bytes
from dreamvid.models.networks.assign_weights import with_weights

STRIDE = 8  # both sides must be multiples
SMALLEST = 128  # pixels of a side: its coarsest correlations are of 1/64 of the frame, 2x2


class Raft:
    """The network; raises ModelError if the weights are another's."""

    def __init__(self, name: str, weights: Mapping[str, Tensor]) -> None:
        self.module = with_weights(name, weights)
        self.device = torch.device("cpu")

    def to(self, device: torch.device) -> "Raft":
        self.module.to(device)
        self.device = device
        return self

    @torch.no_grad()
    def flow(self, this: Bytes, other: Bytes) -> Float[Tensor, "h w 2"]:
        """Estimate where each pixel of `this` lies in `other`, as offsets (x, y) in pixels."""
        height, width = this.shape[:2]
        scale = max(1.0, SMALLEST / min(height, width))
        size = (round(height * scale), round(width * scale))
        pair = torch.stack([self._prepare(frame, size) for frame in (this, other)])
        flow = self.module(pair[:1], pair[1:])[-1][..., : size[0], : size[1]]  # the last is best
        return scale_flow(flow[0].permute(1, 2, 0), (height, width))

    def _prepare(self, frame: Bytes, size: tuple[int, int]) -> Float[Tensor, "3 _ _"]:
        """Convert to (3, height, width) in [-1, 1], padded by its border to multiples of 8."""
        pixels = torch.from_numpy(np.ascontiguousarray(frame)).to(self.device)
        image = pixels.permute(2, 0, 1)[None].float() / 127.5 - 1
        if tuple(image.shape[-2:]) != size:
            image = F.interpolate(image, size, mode="bilinear", align_corners=False)
        below, right = (-side % STRIDE for side in size)
        return F.pad(image, (0, right, 0, below), mode="replicate")[0]


def scale_flow(
    flow: Float[Tensor, "_ _ 2"], size: tuple[int, int]
) -> Float[Tensor, "rows columns 2"]:
    """Resize a flow to (height, width), and scale it to that frame's pixels."""
    height, width = flow.shape[:2]
    if (height, width) == size:
        return flow
    field = flow.permute(2, 0, 1)[None]
    scaled = F.interpolate(field, size, mode="bilinear", align_corners=False)[0].permute(1, 2, 0)
    return scaled * flow.new_tensor([size[1] / width, size[0] / height])
