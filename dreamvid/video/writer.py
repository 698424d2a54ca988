"""yuv420p pictures to H.264 in MP4."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.video.colour import Yuv
from dreamvid.video.libav import file_url, whole_film
from dreamvid.video.reader import open_video

BT709 = 1  # of primaries, transfer and matrix alike: ITU-T H.273, which libav follows
LIMITED = 1  # AVCOL_RANGE_MPEG: black is 16

KEYFRAME_SECONDS = 2  # at most; what players need to seek in a film

# faststart: the index before the pictures, so that a site can play it while it loads.
# bitexact: without it the file names the libav version that wrote it.
MP4_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}

# aq-mode 3 spares dark gradients the banding; the weak deblocking keeps dream texture.
# chromaloc: chroma lies amid its four pixels; the offset keeps flat colours within 2/255.
X264_PARAMS = "aq-mode=3:deblock=-1,-1:open-gop=0:chromaloc=1:chroma-qp-offset=-6"


# x264's mbtree reads past the end of rows that are no multiple of so many pixels, and what
# lies there changes its packets from run to run (measured with core 165, at 64 to 320 wide).
TREE_ROW = 128


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """All that decides an encoder's bytes. Segments of one film share one Encoding."""

    size: tuple[int, int]  # (height, width), both even
    fps: Fraction
    crf: int = 16  # x264's quality: lower is better and larger
    preset: str = "medium"
    threads: int = 4  # never the machine's count: x264's packets depend on it


def encode(frames: Iterable[Yuv], path: Path, encoding: Encoding) -> None:
    """Write one MP4 whose first picture is an IDR and whose pictures need no other file's.

    Frame n is shown at exactly n / fps. Frames are taken one at a time. The file appears
    whole or not at all. Raises OutputError where it cannot be written, VideoError with
    libav's words, ValueError for no frames or one of another size.
    """
    with whole_film(path) as partial, open_mp4(partial) as container:
        stream = _add_x264(container, encoding)
        number = -1
        for number, frame in enumerate(_pictures(frames, encoding)):
            frame.pts, frame.time_base = number, 1 / encoding.fps
            container.mux(stream.encode(frame))
        if number < 0:
            raise ValueError(f"{path}: no frames to encode")
        container.mux(stream.encode(None))


def join(segments: Sequence[Path], path: Path, fps: Fraction) -> None:
    """Copy the packets of segments of one Encoding into one MP4, frame n at exactly n / fps.

    The same segments give the same bytes. One packet is in memory. The file appears whole
    or not at all. Raises OutputError where it cannot be written, VideoError for segments
    that are damaged or do not belong together, ValueError for none.
    """
    if not segments:
        raise ValueError(f"{path}: no segments to join")
    delay = _reordering(segments, fps)
    with whole_film(path) as partial, open_mp4(partial) as container:
        with open_video(segments[0]) as (_, template):
            stream = container.add_stream_from_template(template)
        stream.time_base = 1 / fps
        for number, packet in enumerate(_packets(segments, fps)):
            packet.stream = stream
            packet.dts, packet.time_base = number - delay, 1 / fps
            container.mux(packet)


def _reordering(segments: Sequence[Path], fps: Fraction) -> int:
    """How many frames the decoder must be ahead of the screen.

    The segments' own dts will not do: they begin at -2, but at 0 in a segment of one or
    two frames, so they would run backwards where such a segment meets another.
    """
    headers, delays = set(), [0]
    for segment in segments:
        with open_video(segment) as (container, stream):
            first = next(container.demux(stream))
            headers.add(stream.codec_context.extradata)
            delays.append(-_in_frames(first, first.dts, fps, segment))
    if len(headers) > 1:
        raise VideoError(f"{segments[0]}: its neighbours were encoded with other settings")
    return max(delays)


def _packets(segments: Sequence[Path], fps: Fraction) -> Iterator[Packet]:
    """Every packet in decoding order, its pts and duration counted in the film's frames."""
    start = 0
    for segment in segments:
        with open_video(segment) as (container, stream):
            count = 0
            for packet in container.demux(stream):
                if packet.size:  # the last is empty and only ends the stream
                    packet.pts = start + _in_frames(packet, packet.pts, fps, segment)
                    packet.duration, packet.time_base = 1, 1 / fps
                    count += 1
                    yield packet
            if count != stream.frames:
                raise VideoError(f"{segment}: cut short, {count} of {stream.frames} frames")
        start += count


def _in_frames(packet: Packet, ticks: int | None, fps: Fraction, segment: Path) -> int:
    number = None if ticks is None else ticks * packet.time_base * fps
    if number is None or number.denominator != 1:
        raise VideoError(f"{segment}: is not a segment of {fps} frames per second")
    return int(number)


def open_mp4(partial: Path) -> OutputContainer:
    """An MP4 to write, under a name without a suffix."""
    return av.open(file_url(partial), "w", format="mp4", options=MP4_OPTIONS)


def _pictures(frames: Iterable[Yuv], encoding: Encoding) -> Iterator[VideoFrame]:
    height, width = encoding.size
    for yuv in frames:
        if yuv.shape != (height * 3 // 2, width):
            raise ValueError(f"a frame of shape {yuv.shape} in a film of {width}x{height}")
        frame = VideoFrame.from_ndarray(yuv, format="yuv420p")
        frame.colorspace, frame.color_range = BT709, LIMITED
        yield frame


def _add_x264(container: OutputContainer, encoding: Encoding) -> VideoStream:
    height, width = encoding.size
    stream = container.add_stream("libx264", rate=encoding.fps, width=width, height=height)
    context = stream.codec_context
    context.pix_fmt = "yuv420p"
    context.time_base = 1 / encoding.fps
    context.gop_size = max(1, int(KEYFRAME_SECONDS * encoding.fps))
    # These only tag the film; the pixels are BT.709 already.
    context.colorspace, context.color_range = BT709, LIMITED
    context.color_primaries, context.color_trc = BT709, BT709
    # PyAV's default is SLICE: a third larger and slower than threads over frames.
    context.thread_type = "AUTO"
    context.thread_count = encoding.threads
    context.options = {
        "crf": str(encoding.crf),
        "preset": encoding.preset,
        "x264-params": X264_PARAMS if width % TREE_ROW == 0 else f"{X264_PARAMS}:mbtree=0",
    }
    return stream
