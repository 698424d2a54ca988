"""8-bit RGB to the planes that encoders take: `video.colour.to_planes` within one level.

By swscale, which on a CPU is many times faster than tensor operations.
"""

from collections.abc import Callable

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from dreamvid.image import Bytes
from dreamvid.media.footage.reader import EXACT
from dreamvid.media.video.codecs import PixelFormat
from dreamvid.media.video.colour import Planes


def converter(form: PixelFormat) -> Callable[[Bytes], Planes]:
    """Make a converter for the frames of one film; raises ValueError for RGB of over 8 bits."""
    if form.chroma is None:
        if form.depth != 8:
            raise ValueError(f"{form.name}: 8 bits a colour are all that there is")
        return _to_bgr0
    reformatter = VideoReformatter()  # shared, since it caches swscale's tables
    name = _swscale_form(form)

    def convert(image: Bytes) -> Planes:
        frame = reformatter.reformat(
            VideoFrame.from_ndarray(image, format="rgb24"),
            format=name,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA | EXACT,
        )
        luma, *chroma = _planes_of(frame, form.depth)
        if name != form.name:
            chroma = [_subsample(plane, form) for plane in chroma]
        packed = np.concatenate([luma.ravel(), *(plane.ravel() for plane in chroma)])
        return packed.reshape(-1, image.shape[1])

    return convert


def _to_bgr0(image: Bytes) -> Planes:
    """Reorder to libav's bgr0: blue, green, red and an unused byte for each pixel."""
    padded = np.zeros((*image.shape[:2], 4), np.uint8)
    padded[..., :3] = image[..., ::-1]
    return padded.reshape(-1, image.shape[1])


def _swscale_form(form: PixelFormat) -> str:
    """The pixel format for swscale, whose subsampled chroma is sited mid-pixel alone."""
    if form.chroma == (1, 1) or (form.name == "yuv420p" and not form.left):
        return form.name
    return "yuv444p" if form.depth == 8 else f"yuv444p{form.depth}le"


def _planes_of(frame: VideoFrame, depth: int) -> list[np.ndarray]:
    """Copy each plane as (rows, columns), without libav's row padding."""
    dtype = np.uint8 if depth == 8 else np.dtype("<u2")
    return [
        np.frombuffer(bytes(plane), dtype).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    ]


def _subsample(plane: np.ndarray, form: PixelFormat) -> np.ndarray:
    assert form.chroma is not None
    rows, columns = form.chroma
    total, count = plane.astype(np.int32), rows * columns
    if form.left:  # a triangle filter around every second pixel, replicated at the left edge
        before = np.concatenate([total[:, :1], total[:, 1:-1:2]], axis=1)
        total, count = before + 2 * total[:, ::2] + total[:, 1::2], 4 * rows
    else:
        total = np.sum([total[:, column::columns] for column in range(columns)], axis=0)
    total = np.sum([total[row::rows] for row in range(rows)], axis=0)
    return ((total + count // 2) // count).astype(plane.dtype)
