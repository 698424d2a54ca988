"""Cropping and padding of a film's frames to another size and shape.

Nearly the same shape: the middle is cut out. Quite another: the whole frame stays, on a blurred,
darkened, enlarged copy of itself.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image as PilImage

from dreamvid.export.plans import dimensions, even
from dreamvid.image import Bytes, crop
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Fit

MIN_CROP = 0.7  # share of the frame: `auto` crops where at least this much is left
SAME = 0.98  # share above which a crop is only rounding, and not worth a message

BRIGHTNESS = 0.6  # of the padding
DOWNSCALE = 16  # output pixels for each pixel of the copy that is blurred
BLUR = 2.5  # standard deviation in pixels of that copy

OtherSizeBytes = UInt8[np.ndarray, "_ _ 3"]


@dataclass(frozen=True)
class Framing:
    """The mapping of frames of one size into another; sizes are (height, width)."""

    source: tuple[int, int]
    size: tuple[int, int]
    padded: bool

    @property
    def inner(self) -> tuple[int, int]:
        """Size of the sharp part: the whole, or the frame inside its padding."""
        if not self.padded:
            return self.size
        scale = min(self.size[0] / self.source[0], self.size[1] / self.source[1])
        height, width = (even(side * scale) for side in self.source)
        return min(self.size[0], height), min(self.size[1], width)

    @property
    def cropped(self) -> bool:
        return not self.padded and visible_share(self.source, self.size) < SAME

    def __str__(self) -> str:
        text = f"{dimensions(self.source)} -> {dimensions(self.size)}"
        scale = self.inner[0] / self.source[0]
        if self.cropped:
            _, _, rows, columns = crop(self.source, self.size)
            text += f", the middle {columns}x{rows} of it"
            scale = self.size[0] / rows
        if self.padded:
            text += f", padded: the film is {dimensions(self.inner)} of it"
        return text + (f" (enlarged {scale:.1f} times)" if scale > 1.05 else "")


def framing_for(source: tuple[int, int], size: tuple[int, int], fit: Fit) -> Framing:
    """Choose between cropping and padding; both sizes are (height, width)."""
    share = visible_share(source, size)
    padded = fit == "pad" or (fit == "auto" and share < MIN_CROP)
    return Framing(source, size, padded and share < SAME)


def visible_share(source: tuple[int, int], size: tuple[int, int]) -> float:
    """Share of an image that is left when it is cropped to the shape of another size."""
    ratio = source[0] * size[1] / (source[1] * size[0])
    return min(ratio, 1 / ratio)


def reframe(film: Pictures, framing: Framing) -> Pictures:
    """Crop or pad every frame of a film."""
    if framing.source == framing.size:
        return film

    def read() -> Generator[Bytes, None, None]:
        previous = result = None
        with closing(film.read()) as frames:
            for frame in frames:
                if result is None or frame is not previous:  # the same frame may be repeated
                    previous, result = frame, fit_frame(frame, framing)
                yield result

    return replace(film, read=read, size=framing.size)


def fit_frame(frame: Bytes, framing: Framing) -> OtherSizeBytes:
    if not framing.padded:
        return _scaled(frame, framing.size)
    canvas = _background(frame, framing.size)
    inner = framing.inner
    top, left = ((whole - side) // 2 for whole, side in zip(framing.size, inner, strict=True))
    canvas[top : top + inner[0], left : left + inner[1]] = _scaled(frame, inner)
    return canvas


def _scaled(frame: Bytes, size: tuple[int, int]) -> OtherSizeBytes:
    """Resize the largest centred crop of that shape by an antialiased Lanczos filter."""
    if frame.shape[:2] == size:
        return frame
    height, width = frame.shape[:2]
    scale = max(size[0] / height, size[1] / width)
    rows, columns = min(height, size[0] / scale), min(width, size[1] / scale)
    top, left = (height - rows) / 2, (width - columns) / 2
    box = (left, top, left + columns, top + rows)
    image = PilImage.fromarray(frame)
    return np.asarray(image.resize((size[1], size[0]), PilImage.Resampling.LANCZOS, box))


def _background(frame: Bytes, size: tuple[int, int]) -> OtherSizeBytes:
    coarse = (max(2, size[0] // DOWNSCALE), max(2, size[1] // DOWNSCALE))
    small = _scaled(frame, coarse).astype(np.float32) * BRIGHTNESS
    blurred = cv2.GaussianBlur(small, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE)
    large = cv2.resize(blurred, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    # Rounded without dither, so soft a gradient would show bands; the grain is below one level.
    return (large + _grain(size)).clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=2)
def _grain(size: tuple[int, int]) -> Float32[np.ndarray, "_h _w 1"]:
    """Uniform noise in [0, 1), the same in every frame, so that it costs hardly any bytes."""
    return np.random.default_rng(0).random((*size, 1), np.float32)
