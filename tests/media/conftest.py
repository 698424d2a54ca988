"""Films made without dreamvid's own conversion, so that the tests do not trust it."""

from fractions import Fraction

import numpy as np
import pytest

from dreamvid.media.video.writer import Encoding

HEIGHT, WIDTH = 48, 64


@pytest.fixture
def encoding() -> Encoding:
    return Encoding(size=(HEIGHT, WIDTH), fps=Fraction(24))


@pytest.fixture
def gradients():
    """count -> yuv420p frames: a smooth slope, a little lighter in each frame."""

    def make(count: int) -> list[np.ndarray]:
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        grey = np.full((HEIGHT // 2, WIDTH), 128)
        return [
            np.concatenate([40 + x + y // 2 + 100 * n // count, grey]).astype(np.uint8)
            for n in range(count)
        ]

    return make


@pytest.fixture
def greys():
    """count -> flat yuv420p frames; frame n has luma 20 + 6n."""

    def make(count: int) -> list[np.ndarray]:
        frames = np.full((count, HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        for n in range(count):
            frames[n, :HEIGHT] = 20 + 6 * n
        return list(frames)

    return make
