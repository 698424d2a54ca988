"""Encoding of animated WebP, AVIF and PNG, which loop forever.

Frames are encoded one by one: imageio would hold all of them in memory. libav's WebP encoder holds
its compressed output until the end, and SVT-AV1 some frames of lookahead.
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
from dreamvid.media.footage.reader import EXACT
from dreamvid.media.video.libav import file_url, whole_film

LOSSLESS = 100  # the quality at which WebP is lossless

# ITU-T H.273 codes, as in libav: BT.709 primaries, sRGB transfer, BT.601 matrix; limited range.
# Browsers honour the transfer of images: with a film's tag dark parts would be raised. WebP has no
# other matrix and range (RFC 9649, 2.5) and no tags. For AVIF, Chromium 156 takes full range for
# limited (12/255 off), shows blue by BT.709's matrix 13/255 off, and truncates 10 bits to 8.
BT709, SRGB, BT601, LIMITED = 1, 13, 6, 1


@dataclass(frozen=True, kw_only=True)
class _Kind:
    codec: str
    pixels: Callable[[int], str]  # quality -> libav's pixel format
    options: Callable[[int], dict[str, str]]  # quality -> encoder options
    muxer: dict[str, str]
    clock: int | None = None  # ticks per second of its timestamps; None: any


KINDS = {
    "webp": _Kind(
        codec="libwebp_anim",
        pixels=lambda quality: "bgra" if quality == LOSSLESS else "yuv420p",
        options=lambda quality: (
            {"lossless": "1", "quality": "50"} if quality == LOSSLESS else {"quality": str(quality)}
        ),
        muxer={"loop": "0"},
        clock=1000,
    ),
    "avif": _Kind(
        codec="libsvtav1",
        pixels=lambda quality: "yuv420p",
        options=lambda quality: {
            # 1 (best) to 63, for a quality of 100 to 0.
            "crf": str(max(1, round((100 - quality) * 0.63))),
            "preset": "6",  # 8 keeps colours of the frame before a cut
            "svtav1-params": "lp=1",  # else its output depends on the number of cores
        },
        muxer={"loop": "0"},
    ),
    "apng": _Kind(
        codec="apng",
        pixels=lambda quality: "rgb24",
        options=lambda quality: {"pred": "mixed"},
        muxer={"plays": "0"},
    ),
}


def write_animation(film: Pictures, path: Path, kind: str, *, quality: int = 80) -> None:
    """Encode a film in a format of KINDS.

    The file appears whole or not at all. Raises OutputError where it cannot be written,
    VideoError with libav's message, and what reading raises.

    Args:
        quality: 0 to 100; WebP is lossless at 100, APNG always.
    """
    environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints past libav's log: errors only
    settings = KINDS[kind]
    height, width = film.size
    with (
        whole_film(path) as partial,
        av.open(file_url(partial), "w", format=kind, options=settings.muxer) as container,
    ):
        stream = container.add_stream(settings.codec, rate=film.fps, width=width, height=height)
        assert isinstance(stream, VideoStream)
        _configure(stream, settings, quality, film.fps)
        for frame in _frames(film, settings, quality):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _configure(stream: VideoStream, settings: _Kind, quality: int, fps: Fraction) -> None:
    context = stream.codec_context
    context.pix_fmt = settings.pixels(quality)
    context.time_base = Fraction(1, settings.clock) if settings.clock else 1 / fps
    context.thread_count = 1
    context.options = settings.options(quality)
    if context.pix_fmt.startswith("yuv"):
        context.colorspace, context.color_range = BT601, LIMITED
        context.color_primaries, context.color_trc = BT709, SRGB


def _frames(film: Pictures, settings: _Kind, quality: int) -> Iterator[VideoFrame]:
    form, reformatter = settings.pixels(quality), VideoReformatter()
    with closing(film.read()) as images:
        for number, image in enumerate(images):
            frame = VideoFrame.from_ndarray(image, format="rgb24")
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
            clock = settings.clock or film.fps
            frame.pts, frame.time_base = round(number * clock / film.fps), 1 / Fraction(clock)
            yield frame
