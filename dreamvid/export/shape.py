"""A film's pictures brought to another size and shape.

Nearly the same shape: the middle is cut out. Quite another: the whole picture stays, on a
blurred, darkened, enlarged copy of itself.
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

KEPT = 0.7  # of the picture: `auto` crops where at least this much is left
SAME = 0.98  # a shape that is nearly the same is rounding, and nothing to speak of

BACKGROUND = 0.6  # of the picture's lightness
COARSE = 16  # pixels of the film that are one of the blurred copy's
BLUR = 2.5  # of those: the standard deviation

OtherSizeBytes = UInt8[np.ndarray, "_ _ 3"]


@dataclass(frozen=True)
class Frame:
    """How pictures of one size are shown in another; sizes are (height, width)."""

    source: tuple[int, int]
    size: tuple[int, int]
    padded: bool

    @property
    def inner(self) -> tuple[int, int]:
        """The size of what is shown sharply: the whole, or the picture that is padded."""
        if not self.padded:
            return self.size
        scale = min(self.size[0] / self.source[0], self.size[1] / self.source[1])
        height, width = (
            min(whole, even(side * scale))
            for side, whole in zip(self.source, self.size, strict=True)
        )
        return height, width

    @property
    def cropped(self) -> bool:
        return not self.padded and kept_share(self.source, self.size) < SAME

    def __str__(self) -> str:
        """What is done, in a few words."""
        text = f"{dimensions(self.source)} -> {dimensions(self.size)}"
        scale = self.inner[0] / self.source[0]
        if self.cropped:
            _, _, rows, columns = crop(self.source, self.size)
            text += f", the middle {columns}x{rows} of it"
            scale = self.size[0] / rows
        if self.padded:
            text += f", padded: the film is {dimensions(self.inner)} of it"
        return text + (f" (enlarged {scale:.1f} times)" if scale > 1.05 else "")


def frame_for(source: tuple[int, int], size: tuple[int, int], fit: Fit) -> Frame:
    """Both (height, width)."""
    kept = kept_share(source, size)
    padded = fit == "pad" or (fit == "auto" and kept < KEPT)
    return Frame(source, size, padded and kept < SAME)


def kept_share(source: tuple[int, int], size: tuple[int, int]) -> float:
    """How much of a picture is left when it is cropped to the shape of another."""
    ratio = source[0] * size[1] / (source[1] * size[0])
    return min(ratio, 1 / ratio)


def framed(pictures: Pictures, frame: Frame) -> Pictures:
    if frame.source == frame.size:
        return pictures

    def read() -> Generator[Bytes, None, None]:
        before = shown = None
        with closing(pictures.read()) as frames:
            for picture in frames:
                if shown is None or picture is not before:  # one may be shown several times
                    before, shown = picture, show(picture, frame)
                yield shown

    return replace(pictures, read=read, size=frame.size)


def show(picture: Bytes, frame: Frame) -> OtherSizeBytes:
    if not frame.padded:
        return _scaled(picture, frame.size)
    canvas = _background(picture, frame.size)
    inner = frame.inner
    top, left = ((whole - side) // 2 for whole, side in zip(frame.size, inner, strict=True))
    canvas[top : top + inner[0], left : left + inner[1]] = _scaled(picture, inner)
    return canvas


def _scaled(picture: Bytes, size: tuple[int, int]) -> OtherSizeBytes:
    """The largest middle of that shape, by Lanczos' filter, antialiased."""
    if picture.shape[:2] == size:
        return picture
    height, width = picture.shape[:2]
    scale = max(size[0] / height, size[1] / width)
    rows, columns = min(height, size[0] / scale), min(width, size[1] / scale)
    top, left = (height - rows) / 2, (width - columns) / 2
    box = (left, top, left + columns, top + rows)
    opened = PilImage.fromarray(picture)
    return np.asarray(opened.resize((size[1], size[0]), PilImage.Resampling.LANCZOS, box))


def _background(picture: Bytes, size: tuple[int, int]) -> OtherSizeBytes:
    coarse = (max(2, size[0] // COARSE), max(2, size[1] // COARSE))
    small = _scaled(picture, coarse).astype(np.float32) * BACKGROUND
    blurred = cv2.GaussianBlur(small, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE)
    large = cv2.resize(blurred, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    # Rounded alone, so soft a slope would show as steps; the grain is below one level.
    return (large + _grain(size)).clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=2)
def _grain(size: tuple[int, int]) -> Float32[np.ndarray, "_h _w 1"]:
    """0 to 1 in each pixel, the same in every picture, so that it costs a film next to nothing."""
    return np.random.default_rng(0).random((*size, 1), np.float32)
