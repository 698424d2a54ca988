"""Optical flow between two frames, by OpenCV's DIS or by RAFT.

Convention: a flow (rows, columns, 2) belongs to the pixels of one frame, `this`, and gives in
pixels (x, y) where each is found in the `other`: position = (x, y) + flow. So `this` looks like
`other` sampled at the positions. The backward flow, from a new frame to the old one, is
estimate(new, old).
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from dreamvid.image import Bytes
from dreamvid.models.networks.raft import Raft, scale_flow
from dreamvid.models.weights import store

Flow = Float[Tensor, "rows columns 2"]
Estimator = Callable[[Bytes, Bytes], Flow]
"""(this, other) -> flow. Both frames are of one size."""

NETWORKS: dict[str, str] = {"raft": "raft-large", "raft-small": "raft-small"}
PRESETS: dict[str, int] = {
    "dis": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    "dis-fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
}

LARGEST = 1280  # pixels of the longer side: above it flow is estimated smaller, and scaled up
SMALLEST = 64  # pixels of a side: below it DIS has too few scales for its patches of 8


def make_estimator(method: str, device: torch.device) -> Estimator:
    """Make an estimator whose flows are on the device; use it in one thread.

    Kroeger, Timofte, Dai, Van Gool, "Fast Optical Flow using Dense Inverse Search", 2016;
    Teed, Deng, "RAFT", 2020. Raises ModelError where a network's weights are missing.
    """
    estimate = _dis(PRESETS[method]) if method in PRESETS else _raft(NETWORKS[method], device)

    def at_most_largest(this: Bytes, other: Bytes) -> Flow:
        height, width = this.shape[:2]
        scale = LARGEST / max(height, width)
        if scale >= 1:
            return estimate(this, other).to(device)
        smaller = max(1, round(height * scale)), max(1, round(width * scale))
        flow = estimate(*(_shrink(frame, smaller) for frame in (this, other))).to(device)
        return scale_flow(flow, (height, width))

    return at_most_largest


def _shrink(frame: Bytes, size: tuple[int, int]) -> UInt8[np.ndarray, "_ _ 3"]:
    return cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA)


def _dis(preset: int) -> Callable[[Bytes, Bytes], Flow]:
    dis = cv2.DISOpticalFlow.create(preset)

    def estimate(this: Bytes, other: Bytes) -> Flow:
        height, width = this.shape[:2]
        pair = _grey(this), _grey(other)
        empty = np.zeros((*pair[0].shape, 2), np.float32)
        return torch.from_numpy(dis.calc(*pair, empty)[:height, :width].copy())

    return estimate


def _grey(frame: Bytes) -> UInt8[np.ndarray, "_ _"]:
    """Convert to luma, mirrored at the right and the bottom to the size DIS needs."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    below, right = (max(0, SMALLEST - side) for side in grey.shape)
    return cv2.copyMakeBorder(grey, 0, below, 0, right, cv2.BORDER_REFLECT_101)


def _raft(name: str, device: torch.device) -> Callable[[Bytes, Bytes], Flow]:
    return Raft(name, store.load_arrays(name)).to(device).flow
