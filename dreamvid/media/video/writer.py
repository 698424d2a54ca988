"""Encoding of frames to films, and joining of films without encoding again."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from os import environ
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.media.footage.reader import open_video
from dreamvid.media.video.codecs import PixelFormat
from dreamvid.media.video.colour import Planes, check_planes
from dreamvid.media.video.encoder_options import Encoding, encoder_options
from dreamvid.media.video.ffmpeg_program import pipe_film
from dreamvid.media.video.libav import file_url, whole_film

# libav's numbers follow ITU-T H.273.
BT709 = 1  # primaries, transfer and matrix
RGB = 0  # the identity matrix
LIMITED, FULL = 1, 2  # AVCOL_RANGE_MPEG: black is 16; AVCOL_RANGE_JPEG: black is 0

KEYFRAME_SECONDS = 2  # longest distance of keyframes, so that players can seek

# faststart: the index before the frames, so that a site can play the film while it loads.
# bitexact: else the file names the libav version that wrote it.
MP4_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}
MKV_OPTIONS = {"cues_to_front": "1", "fflags": "+bitexact"}
CONTAINERS = {
    ".mp4": ("mp4", MP4_OPTIONS),
    ".mov": ("mov", MP4_OPTIONS),
    ".webm": ("webm", MKV_OPTIONS),
    ".mkv": ("matroska", MKV_OPTIONS),
}
"""libav's muxers and their options, by the film's suffix."""
MUXERS = {**CONTAINERS, ".avi": ("avi", {"fflags": "+bitexact"})}
"""The same, and those for packets that are copied."""

DELAY = {"libx265": 2}
"""Frames by which decoding is ahead of presentation, where the encoder's dts are not used: x265's
are uninitialised memory in films shorter than its reordering."""

INTERLEAVED = {"yuv420p": "nv12", "yuv420p10le": "p010le"}
"""Pixel formats with the same samples and one plane for U and V."""


def encode(frames: Iterable[Planes], path: Path, encoding: Encoding) -> None:
    """Encode a closed film, which begins with a keyframe.

    Frame n is shown at exactly n / fps in MP4 and MOV, the containers of segments; WebM and MKV
    round to milliseconds. Frames are taken one at a time. The file appears whole or not at all,
    in an existing folder.

    Raises:
        OutputError: the file cannot be written.
        VideoError: the encoder failed.
        ValueError: no frames, or one of another size.
    """
    write = pipe_film if encoding.kind.piped else _write_film
    with whole_film(path, make=False) as partial:
        if not write(frames, partial, path, encoding):
            raise ValueError(f"{path}: no frames to encode")


def _write_film(frames: Iterable[Planes], partial: Path, path: Path, encoding: Encoding) -> int:
    """Encode by PyAV's libav and return the number of frames."""
    with open_film(partial, path.suffix) as container:
        stream = add_stream_for(container, encoding)
        packets, count = _Packets(container, encoding), 0
        for planes in frames:
            frame = frame_of(planes, encoding)
            frame.pts, frame.time_base = count, 1 / encoding.fps
            packets.mux(stream.encode(frame))
            count += 1
        if count:
            packets.mux(stream.encode(None))
    return count


class _Packets:
    """Muxer of an encoder's packets, which corrects their dts."""

    def __init__(self, container: OutputContainer, encoding: Encoding) -> None:
        self._container, self._tick = container, 1 / encoding.fps
        self._delay = DELAY.get(encoding.encoder_name)
        self._count = 0

    def mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            if self._delay is not None:
                packet.time_base = self._tick
                packet.dts = self._count - self._delay
            self._count += 1
            self._container.mux(packet)


def join(segments: Sequence[Path], path: Path, fps: Fraction, *, backwards: bool = False) -> None:
    """Copy the packets of segments of one Encoding into one film, frame n at n / fps.

    Times are exact but for WebM and MKV, which round to milliseconds. The same segments give the
    same bytes. One packet is in memory. The file appears whole or not at all.

    Args:
        backwards: last packet first, for intra-only codecs; a segment's packets are in memory.

    Raises:
        OutputError: the film cannot be written.
        VideoError: segments are damaged, of different encodings or not intra-only.
        ValueError: no segments.
    """
    if not segments:
        raise ValueError(f"{path}: no segments to join")
    delay = _reordering(segments, fps)
    packets = _backwards(segments, fps) if backwards else _packets(segments, fps)
    with whole_film(path) as partial, open_film(partial, path.suffix) as container:
        with open_video(segments[0]) as (_, template):
            stream = container.add_stream_from_template(template, opaque=True)
            stream.codec_context.codec_tag = template.codec_context.codec_tag
        stream.time_base = 1 / fps
        for number, packet in enumerate(packets):
            packet.stream = stream
            packet.dts, packet.time_base = number - delay, 1 / fps
            container.mux(packet)


def _reordering(segments: Sequence[Path], fps: Fraction) -> int:
    """Return the frames by which decoding must be ahead of presentation.

    The segments' own dts cannot be used: they begin at -2, but at 0 in a segment of one or two
    frames, so that they would run backwards at its seams.
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
    """Yield every packet in decoding order, its pts and duration in frames of the film."""
    start = 0
    for segment in segments:
        with open_video(segment) as (container, stream):
            count = 0
            for packet in container.demux(stream):
                if packet.size:  # the last one is empty and ends the stream
                    packet.pts = start + _in_frames(packet, packet.pts, fps, segment)
                    packet.duration, packet.time_base = 1, 1 / fps
                    count += 1
                    yield packet
            if count != stream.frames:
                raise VideoError(f"{segment}: cut short, {count} of {stream.frames} frames")
        start += count


def _backwards(segments: Sequence[Path], fps: Fraction) -> Iterator[Packet]:
    """Yield every packet, the last one first, with its pts in the reversed film."""
    number = 0
    for segment in reversed(segments):
        for packet in reversed(list(_packets([segment], fps))):
            if not packet.is_keyframe:
                raise VideoError(f"{segment}: its pictures need each other in their order")
            packet.pts, number = number, number + 1
            yield packet


def _in_frames(packet: Packet, ticks: int | None, fps: Fraction, segment: Path) -> int:
    number = None if ticks is None else ticks * packet.time_base * fps
    if number is None or number.denominator != 1:
        raise VideoError(f"{segment}: is not a segment of {fps} frames per second")
    return int(number)


def open_film(partial: Path, suffix: str) -> OutputContainer:
    """Open a film to write, under any name, in the container of a suffix of MUXERS."""
    container, options = MUXERS[suffix]
    return av.open(file_url(partial), "w", format=container, options=options)


def frame_of(planes: Planes, encoding: Encoding) -> VideoFrame:
    (height, width), pixel_format = encoding.size, encoding.pixel_format
    check_planes(planes, pixel_format, encoding.size)
    frame = VideoFrame(width, height, pixel_format.name)
    flat, start = planes.reshape(-1), 0
    for plane, (rows, columns) in zip(
        frame.planes, pixel_format.planes(height, width), strict=True
    ):
        whole = np.frombuffer(cast(Any, plane), planes.dtype).reshape(rows, -1)
        whole[:, :columns] = flat[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
    frame.colorspace, frame.color_range = _matrix(pixel_format)
    name = _format_name(encoding)
    return frame if name == pixel_format.name else frame.reformat(format=name)


def _format_name(encoding: Encoding) -> str:
    """Return the pixel format for the encoder: hardware may want U and V interleaved."""
    name = encoding.pixel_format.name
    names = [taken.name for taken in av.Codec(encoding.encoder_name, "w").video_formats or []]
    return name if name in names or not names else INTERLEAVED[name]


def _matrix(pixel_format: PixelFormat) -> tuple[int, int]:
    """Return the colour matrix and range of a pixel format's samples."""
    return (RGB, FULL) if pixel_format.chroma is None else (BT709, LIMITED)


def add_stream_for(container: OutputContainer, encoding: Encoding) -> VideoStream:
    environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints past libav's log: errors only
    (height, width), codec = encoding.size, encoding.kind
    stream = container.add_stream(
        encoding.encoder_name, rate=encoding.fps, width=width, height=height
    )
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.pix_fmt = _format_name(encoding)
    context.time_base = 1 / encoding.fps
    context.gop_size = 1 if codec.intra else max(1, int(KEYFRAME_SECONDS * encoding.fps))
    # These only tag the film; the samples are BT.709 already.
    context.colorspace, context.color_range = _matrix(encoding.pixel_format)
    context.color_primaries, context.color_trc = BT709, BT709
    # PyAV's default, SLICE, is a third larger and slower than threads over frames.
    context.thread_type = "AUTO"
    context.thread_count = encoding.threads
    context.options = encoder_options(encoding)
    if codec.tag and container.format.name in ("mp4", "mov"):
        context.codec_tag = codec.tag
    return stream
