"""Score of a frame as a poster: rich in light, colour and detail, and not burnt out."""

import cv2
import numpy as np

from dreamvid.image import Bytes
from dreamvid.inspect.measures import measure

LONGEST = 160  # pixels of the image that is scored

LIGHT = (45.0, 58.0, 30.0)  # spread at which a picture is full of light, too harsh, and hopeless
COLOURFUL = 80.0  # "very colourful" people say of photos at 82
DETAIL = 16.0  # of a frame that is dreamed all over
DIM, PALE = 80.0, 150.0  # mean luminance


def richness(frame: Bytes) -> float:
    """Score a frame, 0 to 1: a share each of spread, colour, detail, light and what is not clipped.

    Args:
        frame: scaled down to LONGEST pixels, since detail depends on it.
    """
    found = measure(frame)
    enough, harsh, room = LIGHT
    spread = min(1.0, found.spread / enough) - max(0.0, found.spread - harsh) / room
    colour = min(1.0, colourfulness(frame) / COLOURFUL)
    detail = min(1.0, found.detail / DETAIL)
    light = min(1.0, found.luminance / DIM, (255 - found.luminance) / (255 - PALE))
    clean = 1 / (1 + found.clipped + found.black / 10)
    return max(0.0, spread) * (colour * detail) ** 0.5 * light * clean


def colourfulness(frame: Bytes) -> float:
    """Compute how colourful people find an image: 0 for grey, over 80 for very much so.

    Hasler, Suesstrunk, "Measuring colourfulness in natural images", 2003, M-hat 3.
    """
    red, green, blue = (plane.astype(np.float32) for plane in cv2.split(frame))
    one, two = red - green, (red + green) / 2 - blue
    deviation = np.hypot(one.std(), two.std())
    return float(deviation + 0.3 * np.hypot(one.mean(), two.mean()))
