import cv2
import numpy as np
import pytest


@pytest.fixture
def texture():
    """(height, width) -> smooth random RGB with details of some pixels, the same in every run."""

    def make(height: int, width: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((height, width, 3)).astype(np.float32)
        both = cv2.GaussianBlur(noise, (0, 0), 1.5) * 3 + cv2.GaussianBlur(noise, (0, 0), 6) * 8
        return (128 + 50 * both / both.std()).clip(0, 255).astype(np.uint8)

    return make
