"""Tests of which encoders work on this machine, by encoding."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import av.logging
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.ffmpeg_program import probe_program

PIPED = {codec.encoder: name for name, codec in CODECS.items() if codec.piped}
"""Codecs by the encoders that only the ffmpeg program has."""

QUIET = {"libx265": {"x265-params": "log-level=none"}}  # it prints past libav's log


def probe_encoder(name: str) -> str | None:
    """Encode a few frames; None if the encoder works here, else its reason in one line.

    libav lists hardware encoders on machines without the hardware.
    """
    if name in PIPED:
        return probe_program(PIPED[name])
    try:
        codec = av.Codec(name, "w")
    except ValueError:
        return "this libav does not have it"
    if codec.type != "video":
        return f"encodes {codec.type}, not video"
    with libav_log() as log:
        try:
            _encode_grey(codec.create("video"))
        except (FFmpegError, ValueError) as error:
            return " ".join((log[0][2] if log else str(error)).split())
    return None


@contextmanager
def libav_log() -> Iterator[list[tuple[int, str, str]]]:
    """Collect libav's error messages: a failed call by itself only says "not permitted"."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as log:
            yield log
    finally:
        av.logging.set_level(level)


def _encode_grey(context: VideoCodecContext) -> None:
    """Encode three frames of 256x256, the smallest size that every hardware encoder takes."""
    formats = [pixel_format.name for pixel_format in context.codec.video_formats or []]
    context.width = context.height = 256
    context.pix_fmt = formats[0] if formats else "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    os.environ.setdefault("SVT_LOG", "1")  # so does SVT-AV1: errors only
    context.options = QUIET.get(context.name, {})
    grey = np.full((256, 256, 3), 128, np.uint8)
    frame = VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=context.pix_fmt)
    for number in range(3):
        frame.pts, frame.time_base = number, context.time_base
        context.encode(frame)
    context.encode(None)
