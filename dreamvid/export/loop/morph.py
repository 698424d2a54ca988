"""Morphing of one image into another along the optical flow between them."""

import cv2
import numpy as np
import torch

from dreamvid.image import Bytes
from dreamvid.motion.flow.estimate import Flow, make_estimator
from dreamvid.motion.flow.reliability import reliable

FADE = 6.0  # pixels over which flow fades to none where it is not reliable


class Morph:
    """Morphs pairs of images, estimating the flow of each; not thread-safe."""

    def __init__(self) -> None:
        self._estimate = make_estimator("dis", torch.device("cpu"))

    def __call__(self, old: Bytes, new: Bytes, share: float) -> Bytes:
        """Blend from `old` at share 0 to `new` at 1, both warped to a common position."""
        share = share * share * (3 - 2 * share)
        forward, backward = self._estimate(old, new), self._estimate(new, old)
        warped_old = _warp(old, share * _reliable_part(backward, forward))
        warped_new = _warp(new, (1 - share) * _reliable_part(forward, backward))
        return cv2.addWeighted(warped_old, 1 - share, warped_new, share, 0)


def _reliable_part(flow: Flow, other: Flow) -> np.ndarray:
    """(h, w, 2) float32; zero where the two flows are not each other's inverse."""
    weight = cv2.GaussianBlur(reliable(flow, other).numpy(), (0, 0), FADE)
    return flow.numpy() * weight[..., None]


def _warp(image: Bytes, flow: np.ndarray) -> Bytes:
    """Sample the image at each pixel's position + flow (pixels), mirrored at the borders."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    positions = x + flow[..., 0], y + flow[..., 1]
    return cv2.remap(image, *positions, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
