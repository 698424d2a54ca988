"""Decoding of video files to 8-bit RGB frames, one at a time."""

import errno
import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.image import Bytes
from dreamvid.media.footage.decoders import decoder_of
from dreamvid.media.footage.deinterlace import deinterlaced
from dreamvid.media.footage.matrix import UNSPECIFIED, drop_reserved
from dreamvid.media.footage.primaries import BT2020
from dreamvid.media.footage.transparency import alpha_of, composited
from dreamvid.media.footage.wide_colour import FORMAT, to_bt709_bytes, wide_colours
from dreamvid.media.images.background import WHITE
from dreamvid.media.video.libav import CONTAINERS, file_url, is_playlist, libav_errors
from dreamvid.system.files import check_file

logger = logging.getLogger(__name__)

# A file must not make libav open others that it names, or that a % in its name stands for.
READ_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(CONTAINERS),
    "pattern_type": "none",
}

# SWS_ACCURATE_RND, SWS_FULL_CHR_H_INT and _INP, which older PyAVs do not name. Without them
# swscale rounds down and repeats each chroma sample.
EXACT = 0x40000 | 0x2000 | 0x4000

ANIMATED_BRANDS = ("avis", "avif", "msf1", "hevc", "hevx")
"""Brands of AVIF and HEIF files that may hold a film beside a still, whose stream comes first."""

MOST_STRETCHED = 8  # width of a pixel by its height, or the inverse; anamorphic film has 2


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    size: tuple[int, int]  # (height, width)
    fps: Fraction
    frames: int | None  # None where the container does not say


def probe(path: Path) -> VideoInfo:
    """Read a film's size, rate and length from its header. Raises VideoError."""
    with open_video(path) as (_, stream):
        fps = stream.average_rate or stream.guessed_rate
        size = (stream.height, stream.width)
        if not fps or 0 in size:
            raise VideoError(f"{path}: says nothing of its size or frame rate; is it damaged?")
        return VideoInfo(size=size, fps=Fraction(fps), frames=stream.frames or None)


def count_frames(path: Path) -> int:
    """Count the frames, by decoding where the container does not say. Raises VideoError."""
    frames = probe(path).frames
    return sum(1 for _ in _decode(path)) if frames is None else frames


def read_frames(
    path: Path, *, every: int = 1, offset: int = 0, size: tuple[int, int] | None = None
) -> Generator[Bytes, None, None]:
    """Yield the frames offset, offset + every, ... in playing order.

    Colours follow the file's tags; an untagged file is decoded as BT.709. One frame is in
    memory, beside the decoder's. The file is closed with the generator. Raises VideoError for a
    file that is missing, cut short, or damaged so that libav notices.

    Args:
        size: (height, width) to scale to; None: the film's own.
    """
    if every < 1 or offset < 0:
        raise ValueError(f"every {every} must be 1 or more, and offset {offset} 0 or more")
    reformatter = VideoReformatter()  # keeps swscale's tables
    numbered = ((frame, number) for number, frame in enumerate(_decode(path)))
    for frame, number in deinterlaced(numbered):
        if number >= offset and (number - offset) % every == 0:
            yield to_rgb(frame, reformatter, size or (frame.height, frame.width))


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first of `film_streams`; closed after the block. Raises VideoError."""
    with libav_errors(path), open_input(path) as container:
        stream = next(iter(film_streams(container)), None)
        if stream is None:
            raise VideoError(f"{path}: holds no video")
        check_codec(path, stream)
        yield container, stream


def open_input(path: Path) -> InputContainer:
    """Open a file to demux; raises libav's errors, and VideoError for a playlist.

    The files that a playlist names are not opened. Metadata need not be UTF-8.
    """
    try:
        check_file(path)
    except FileNotFoundError:
        pass  # libav's error for it is known
    except OSError as error:
        raise VideoError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        opened = av.open(file_url(path), options=READ_OPTIONS, metadata_errors="replace")
    except FFmpegError as error:
        # A format not on the whitelist is EINVAL, as other mistakes are; playlists are text.
        if error.errno == errno.EINVAL and _is_text(path):
            raise _playlist(path) from None
        raise
    if is_playlist(opened.format.name):
        opened.close()
        raise _playlist(path)
    return opened


def _is_text(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b"\0" not in file.read(1 << 12)


def _playlist(path: Path) -> VideoError:
    return VideoError(f"{path}: is a playlist, not a film; give the film that it names")


# Album covers and thumbnails of chapters are video streams too.
_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails


def film_streams(container: InputContainer) -> list[VideoStream]:
    """List the streams that are films, first the one that players choose.

    It is the first one marked as default, else the first. Unknown codecs and stills come last; an
    AVIF's still is left out.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & _PICTURES]
    if container.metadata.get("major_brand") in ANIMATED_BRANDS:
        films = [stream for stream in films if stream.frames > 1] or films
    return sorted(films, key=_rank)


def _rank(stream: VideoStream) -> tuple[bool, bool, bool]:
    still = bool(stream.disposition & Disposition.still_image)
    return stream.codec_context is None, still, not stream.disposition & Disposition.default


def pixel_aspect(path: Path, stream: VideoStream) -> Fraction:
    """Read the width of one pixel by its height: 1 where it is damaged, which is warned of."""
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if 1 / MOST_STRETCHED <= aspect <= MOST_STRETCHED:
        return aspect
    text = "%s: says that its pixels are %.4g times as wide as high; they are taken as square"
    logger.warning(text, path, float(aspect))
    return Fraction(1)


def check_codec(path: Path, stream: Stream) -> None:
    """Raise VideoError for a stream without a decoder."""
    if stream.codec_context is None:
        raise VideoError(f"{path}: is of a codec that cannot be read, or damaged")


def _decode(path: Path) -> Iterator[VideoFrame]:
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        decode, packets = decoder_of(stream), 0
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise VideoError(f"{path}: cut short after {packets} frames")
            packets += packet.size > 0
            for frame in decode(packet):
                if frame.is_corrupt:
                    raise VideoError(f"{path}: damaged, at {frame.time:.2f} seconds")
                yield frame
        # libav reports the end of a truncated file as the end of its film.
        if packets < len(stream.index_entries):
            raise VideoError(f"{path}: cut short after {packets} frames")


def to_rgb(
    frame: VideoFrame,
    reformatter: VideoReformatter,
    size: tuple[int, int],
    background: str = WHITE,
) -> Bytes:
    """Convert a decoded frame to RGB of (height, width), by its colour tags.

    What is transparent is laid on "#rrggbb" before it is scaled: hidden colours stay hidden.
    """
    drop_reserved(frame)
    alpha = alpha_of(frame)
    if alpha is not None:
        colours = _scaled(frame, reformatter, (frame.height, frame.width))
        frame = composited(colours, alpha, background)
    return _scaled(frame, reformatter, size)


def _scaled(frame: VideoFrame, reformatter: VideoReformatter, size: tuple[int, int]) -> Bytes:
    smaller = size[0] < frame.height and size[1] < frame.width
    kernel = Interpolation.AREA if smaller else Interpolation.LANCZOS
    if size == (frame.height, frame.width):
        kernel = Interpolation.BICUBIC  # for chroma only
    wide = wide_colours(frame)
    untagged = Colorspace.BT2020 if wide and wide.primaries == BT2020 else Colorspace.ITU709
    rgb = reformatter.reformat(
        frame,
        width=size[1],
        height=size[0],
        format=FORMAT if wide else "rgb24",
        src_colorspace=untagged if frame.colorspace == UNSPECIFIED else None,
        dst_color_range=ColorRange.JPEG,
        interpolation=kernel | EXACT,
    )
    return to_bt709_bytes(rgb, wide) if wide else rgb.to_ndarray()
