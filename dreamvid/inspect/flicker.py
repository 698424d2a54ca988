"""Flicker between two frames: what changes beside the motion.

The frame before is moved along the optical flow; where the flow cannot be relied on, as at what
comes into view, nothing is compared.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch

from dreamvid.image import Bytes
from dreamvid.motion.flow.cuts import is_cut
from dreamvid.motion.flow.estimate import make_estimator
from dreamvid.motion.flow.reliability import flow_positions, reliable

LONGEST = 480  # pixels: larger frames are compared smaller
LEAST = 0.02  # share of the frame whose flow is reliable; below it there is nothing to compare

Flicker = Callable[[Bytes, Bytes], float | None]
"""(frame, next one) -> mean absolute difference of R, G and B, 0 to 255; None at a cut."""


def make_flicker() -> Flicker:
    """Make a function that measures two frames, along the flow of OpenCV's DIS."""
    estimate = make_estimator("dis", torch.device("cpu"))

    def flicker(old: Bytes, new: Bytes) -> float | None:
        old, new = _small(old), _small(new)
        backward = estimate(new, old)
        trusted = reliable(backward, estimate(old, new))
        weights = trusted.numpy()
        if weights.mean() < LEAST or is_cut(old, new, trusted):
            return None
        x, y = flow_positions(backward).numpy().transpose(2, 0, 1)
        moved = cv2.remap(old, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        change = cv2.absdiff(moved, new).mean(2)
        return float((change * weights).sum() / weights.sum())

    return flicker


def _small(frame: Bytes) -> Bytes:
    scale = LONGEST / max(frame.shape[:2])
    if scale >= 1:
        return frame
    height, width = (max(1, round(side * scale)) for side in frame.shape[:2])
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


def change_between(old: Bytes, new: Bytes) -> float:
    """Compute the mean absolute difference of two frames as they are, 0 to 255."""
    return float(np.mean(cv2.mean(cv2.absdiff(old, new))[:3]))
