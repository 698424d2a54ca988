"""One picture led over into another along the optical flow between them."""

import cv2
import numpy as np
import torch

from dreamvid.image import Bytes
from dreamvid.motion.flow.estimate import Flow, make_estimator
from dreamvid.motion.flow.reliability import reliable

SMOOTH = 6.0  # pixels: where flow is not reliable it fades to none over so many


class Morph:
    """Estimates flow for each pair; for one thread."""

    def __init__(self) -> None:
        self._estimate = make_estimator("dis", torch.device("cpu"))

    def __call__(self, old: Bytes, new: Bytes, share: float) -> Bytes:
        """`old` at share 0, `new` at 1; between them both are moved to where they meet."""
        share = share * share * (3 - 2 * share)
        there, back = self._estimate(old, new), self._estimate(new, old)
        moved_old = _moved(old, share * _trusted(back, there))
        moved_new = _moved(new, (1 - share) * _trusted(there, back))
        return cv2.addWeighted(moved_old, 1 - share, moved_new, share, 0)


def _trusted(flow: Flow, other: Flow) -> np.ndarray:
    """(h, w, 2) float32; none where the two flows do not undo each other."""
    weight = cv2.GaussianBlur(reliable(flow, other).numpy(), (0, 0), SMOOTH)
    return flow.numpy() * weight[..., None]


def _moved(picture: Bytes, flow: np.ndarray) -> Bytes:
    """The picture read at each pixel's place + flow, mirrored outside."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    places = x + flow[..., 0], y + flow[..., 1]
    return cv2.remap(picture, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
