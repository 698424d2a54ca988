"""Animated WebP, AVIF and PNG, which loop for ever.

WebP and PNG are written picture by picture. What libav's WebP encoder has made so far stays in
memory until the end, compressed; of AVIF, SVT-AV1 looks some pictures ahead.
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

from dreamvid.video.libav import file_url, whole_film
from dreamvid.video.pictures import Pictures
from dreamvid.video.reader import EXACT

LOSSLESS = 100  # the quality at which WebP keeps every pixel

# ITU-T H.273, which libav follows: BT.709's primaries and matrix, sRGB's transfer; full range.
# Browsers take pictures' transfer at its word: with a film's tag dark parts would be raised.
# libyuv, which they decode AVIF with, shows blue of the limited range up to 7/255 too dark.
BT709, SRGB, LIMITED, FULL = 1, 13, 1, 2


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
        pixels=lambda quality: "yuv420p10le",
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
        context.colorspace = BT709
        context.color_range = LIMITED if how.form == "webp" else FULL
        context.color_primaries, context.color_trc = BT709, SRGB


def _frames(pictures: Pictures, how: _Kind, quality: int) -> Iterator[VideoFrame]:
    form, reformatter = how.pixels(quality), VideoReformatter()
    # WebP is always BT.601 of limited range (RFC 9649, 2.5), and says so nowhere.
    webp = how.form == "webp"
    matrix = Colorspace.ITU601 if webp else Colorspace.ITU709
    with closing(pictures.read()) as read:
        for number, picture in enumerate(read):
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            if form.startswith("yuv"):
                frame = reformatter.reformat(
                    frame,
                    format=form,
                    dst_colorspace=matrix,
                    dst_color_range=ColorRange.MPEG if webp else ColorRange.JPEG,
                    interpolation=Interpolation.AREA | EXACT,
                )
            elif form != "rgb24":
                frame = reformatter.reformat(frame, format=form)
            clock = how.clock or pictures.fps
            frame.pts, frame.time_base = round(number * clock / pictures.fps), 1 / Fraction(clock)
            yield frame
