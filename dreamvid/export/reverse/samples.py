"""Conversion of decoded frames to an encoder's samples, without loss where they match."""

import numpy as np
from av.video.frame import VideoFrame

from dreamvid.export.planes import converter
from dreamvid.media.footage.footage import Converter, display_matrix
from dreamvid.media.footage.frame_times import FrameTimes
from dreamvid.media.footage.matrix import UNSPECIFIED
from dreamvid.media.footage.wide_colour import wide_colours
from dreamvid.media.video.codecs import PixelFormat
from dreamvid.media.video.colour import Planes
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.writer import BT709, FULL, LIMITED, RGB


class Sampler:
    """Converter of one film's frames to planes of an Encoding.

    A frame of the encoding's pixel format, size and colours keeps its samples; others are turned
    upright and go through 8-bit RGB. Untagged frames are BT.709, as everywhere here.
    """

    def __init__(self, times: FrameTimes, encoding: Encoding) -> None:
        self._encoding = encoding
        self._square = times.pixel_aspect == 1
        self._upright = Converter(encoding.size, times.pixel_aspect)
        self._convert = converter(encoding.pixel_format)

    def __call__(self, frame: VideoFrame) -> Planes:
        if self._square and _matches(frame, self._encoding):
            return _own(frame, self._encoding.pixel_format)
        return self._convert(self._upright(frame))


def _matches(frame: VideoFrame, encoding: Encoding) -> bool:
    form = encoding.pixel_format
    matrices = (RGB,) if form.chroma is None else (BT709, UNSPECIFIED)
    limits = (0, FULL if form.chroma is None else LIMITED)  # 0: untagged
    return (
        (frame.height, frame.width) == encoding.size
        and frame.format.name == form.name
        and frame.colorspace in matrices
        and frame.color_range in limits
        and display_matrix(frame) is None
        and wide_colours(frame) is None
    )


def _own(frame: VideoFrame, form: PixelFormat) -> Planes:
    kind = np.uint8 if form.depth == 8 else np.dtype("<u2")
    sizes = form.planes(frame.height, frame.width)
    flat = [
        np.frombuffer(bytes(plane), kind).reshape(rows, -1)[:, :columns].ravel()
        for plane, (rows, columns) in zip(frame.planes, sizes, strict=True)
    ]
    return np.concatenate(flat).reshape(-1, frame.width)
