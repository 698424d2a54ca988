"""Measures of a single frame: light, colour, clipping, detail and a cross through its middle.

All are of the 8-bit values as they are shown. Luminance is BT.709's luma of them, 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from dreamvid.image import Bytes
from dreamvid.inspect.lines import find_cross

Luma = Float[np.ndarray, "h w"]

WEIGHTS = (0.2126, 0.7152, 0.0722)  # of R, G, B: ITU-R BT.709
BRIGHT, DARK = 250, 5  # luminance above which a pixel is clipped, and below which it is black


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Figures of one frame."""

    luminance: float  # mean, 0 to 255
    spread: float  # standard deviation of luminance
    chroma: float  # mean of max(R, G, B) - min(R, G, B), HSV's chroma, 0 to 255
    clipped: float  # percent of pixels with a luminance over BRIGHT
    black: float  # percent of pixels with a luminance under DARK
    detail: float  # mean absolute Laplacian of luminance
    cross: float  # contrast of the middle rows or columns over that of lines beside them
    elsewhere: float  # the largest such ratio of other rows and columns
    line: str  # the line that has it, such as "row 31"


def luma_of(frame: Bytes) -> Luma:
    """Compute the luminance of each pixel in float32."""
    return cv2.transform(frame.astype(np.float32), np.array([WEIGHTS], np.float32))


def measure(frame: Bytes) -> Measures:
    """Measure one frame, at full resolution."""
    luma = luma_of(frame)
    mean, spread = (float(value[0, 0]) for value in cv2.meanStdDev(luma))
    down, across = _second_difference(luma), _second_difference(luma.T).T
    laplacian = down[:, 1:-1] + across[1:-1]
    cross = find_cross(np.abs(down).mean(1), np.abs(across).mean(0))
    return Measures(
        luminance=mean,
        spread=spread,
        chroma=chroma_of(frame),
        clipped=100 * float(np.count_nonzero(luma > BRIGHT)) / luma.size,
        black=100 * float(np.count_nonzero(luma < DARK)) / luma.size,
        detail=float(np.abs(laplacian).mean()) if laplacian.size else 0.0,
        cross=cross.middle,
        elsewhere=cross.elsewhere,
        line=cross.line,
    )


def chroma_of(frame: Bytes) -> float:
    """Compute the mean of max(R, G, B) - min(R, G, B), which is 0 for grey."""
    red, green, blue = cv2.split(frame)
    most, least = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return float(cv2.mean(cv2.subtract(most, least))[0])


def _second_difference(luma: Luma) -> Float[np.ndarray, "_ _"]:
    """Difference of each inner row from its two neighbours: two rows fewer."""
    return luma[:-2] + luma[2:] - 2 * luma[1:-1]
