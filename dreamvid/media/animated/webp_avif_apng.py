"""Animated WebP, AVIF and PNG, which loop for ever.

WebP and PNG are written picture by picture. What libav's WebP encoder has made so far stays in
memory until the end, compressed; of AVIF, SVT-AV1 looks some pictures ahead.
imageio would hold all pictures in memory uncompressed.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from os import environ
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from dreamvid.media.clip import Pictures
from dreamvid.media.video.libav import file_url, whole_film
from dreamvid.media.video.reader import EXACT

LOSSLESS = 100  # the quality at which WebP keeps every pixel

# ITU-T H.273, which libav follows: BT.709's primaries, sRGB's transfer, BT.601's matrix; limited
# range. Browsers take pictures' transfer at its word: with a film's tag dark parts would be raised.
# WebP can have no other matrix and range (RFC 9649, 2.5), and says so nowhere. Of AVIF, Chromium
# 156 takes full range for limited, 12/255 off, and shows blue by BT.709's matrix 13/255 off; the
# two more bits of 10 it cuts off, where it should round.
BT709, SRGB, BT601, LIMITED = 1, 13, 6, 1


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How libav makes one of them."""

    form: str
    codec: str
    pixels: Callable[[int], str]  # of a quality: libav's name of the pixels' form
    options: Callable[[int], dict[str, str]]  # the encoder's
    muxer: dict[str, str]
    clock: int | None  # ticks a second of its times; None: it takes any


KINDS = {
    "webp": _Kind(
        form="webp",
        codec="libwebp_anim",
        pixels=lambda quality: "bgra" if quality == LOSSLESS else "yuv420p",
        options=lambda quality: (
            {"lossless": "1", "quality": "50"} if quality == LOSSLESS else {"quality": str(quality)}
        ),
        muxer={"loop": "0"},
        clock=1000,
    ),
    "avif": _Kind(
        form="avif",
        codec="libsvtav1",
        pixels=lambda quality: "yuv420p",
        options=lambda quality: {
            "crf": str(avif_crf(quality)),
            "preset": "6",  # 8 keeps a colour of the picture before, after a cut
            "svtav1-params": "lp=1",  # else its packets depend on the machine's cores
        },
        muxer={"loop": "0"},
        clock=None,
    ),
    "apng": _Kind(
        form="apng",
        codec="apng",
        pixels=lambda quality: "rgb24",
        options=lambda quality: {"pred": "mixed"},
        muxer={"plays": "0"},
        clock=None,
    ),
}


def avif_crf(quality: int) -> int:
    """SVT-AV1's 1 (best) to 63 for a quality of 100 to 0."""
    return max(1, round((100 - quality) * 0.63))


def write_animation(pictures: Pictures, path: Path, kind: str, *, quality: int = 80) -> None:
    """Write all pictures with an encoder of KINDS.

    The file appears whole or not at all. Raises OutputError where it cannot be written,
    VideoError with libav's words, and what reading raises.

    Args:
        quality: 0 to 100; WebP's 100 is lossless, and APNG always is.
    """
    environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints past libav's log: errors only
    how = KINDS[kind]
    height, width = pictures.size
    with (
        whole_film(path) as partial,
        av.open(file_url(partial), "w", format=how.form, options=how.muxer) as container,
    ):
        stream = container.add_stream(how.codec, rate=pictures.fps, width=width, height=height)
        assert isinstance(stream, VideoStream)
        _prepare(stream, how, quality, pictures.fps)
        for frame in _frames(pictures, how, quality):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _prepare(stream: VideoStream, how: _Kind, quality: int, fps: Fraction) -> None:
    context = stream.codec_context
    context.pix_fmt = how.pixels(quality)
    context.time_base = Fraction(1, how.clock) if how.clock else 1 / fps
    context.thread_count = 1
    context.options = how.options(quality)
    if context.pix_fmt.startswith("yuv"):
        context.colorspace, context.color_range = BT601, LIMITED
        context.color_primaries, context.color_trc = BT709, SRGB


def _frames(pictures: Pictures, how: _Kind, quality: int) -> Iterator[VideoFrame]:
    form, reformatter = how.pixels(quality), VideoReformatter()
    with closing(pictures.read()) as read:
        for number, picture in enumerate(read):
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            if form.startswith("yuv"):
                frame = reformatter.reformat(
                    frame,
                    format=form,
                    dst_colorspace=Colorspace.ITU601,
                    dst_color_range=ColorRange.MPEG,
                    interpolation=Interpolation.AREA | EXACT,
                )
            elif form != "rgb24":
                frame = reformatter.reformat(frame, format=form)
            clock = how.clock or pictures.fps
            frame.pts, frame.time_base = round(number * clock / pictures.fps), 1 / Fraction(clock)
            yield frame
