"""Pictures to films: each codec in the container that is usual for it."""

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
from dreamvid.media.video.codecs import Form
from dreamvid.media.video.colour import Planes, check_planes
from dreamvid.media.video.encoder_options import Encoding, encoder_options
from dreamvid.media.video.ffmpeg_program import pipe_film
from dreamvid.media.video.libav import file_url, whole_film
from dreamvid.media.video.reader import open_video

BT709 = 1  # of primaries, transfer and matrix alike: ITU-T H.273, which libav follows
RGB = 0  # the matrix that is none
LIMITED, FULL = 1, 2  # AVCOL_RANGE_MPEG: black is 16; AVCOL_RANGE_JPEG: it is 0

KEYFRAME_SECONDS = 2  # at most; what players need to seek in a film

# faststart: the index before the pictures, so that a site can play it while it loads.
# bitexact: without it the file names the libav version that wrote it.
MP4_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}
MKV_OPTIONS = {"cues_to_front": "1", "fflags": "+bitexact"}
CONTAINERS = {
    ".mp4": ("mp4", MP4_OPTIONS),
    ".mov": ("mov", MP4_OPTIONS),
    ".webm": ("webm", MKV_OPTIONS),
    ".mkv": ("matroska", MKV_OPTIONS),
}
"""libav's name and options, by the film's suffix."""

DELAY = {"libx265": 2}
"""Frames that decoding is ahead of showing, where the encoder's own word is not taken: x265
gives films of fewer frames than its B-frames wait for whatever lay in its memory."""

INTERLEAVED = {"yuv420p": "nv12", "yuv420p10le": "p010le"}
"""Forms with the same samples, whose U and V are one plane."""


def encode(frames: Iterable[Planes], path: Path, encoding: Encoding) -> None:
    """Write one film whose first picture is a key picture and which needs no other file's.

    Frame n is shown at exactly n / fps in MP4 and MOV, which segments are; WebM and MKV keep
    whole milliseconds, the nearest. Frames are taken one at a time. The file appears whole
    or not at all, in a folder that is there. Raises OutputError where it cannot be written,
    VideoError with libav's words, ValueError for no frames or one of another size.
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
            frame = picture_of(planes, encoding)
            frame.pts, frame.time_base = count, 1 / encoding.fps
            packets.mux(stream.encode(frame))
            count += 1
        if count:
            packets.mux(stream.encode(None))
    return count


class _Packets:
    """Takes an encoder's packets to the container."""

    def __init__(self, container: OutputContainer, encoding: Encoding) -> None:
        self._container, self._tick = container, 1 / encoding.fps
        self._delay = DELAY.get(encoding.by)
        self._count = 0

    def mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            if self._delay is not None:
                packet.time_base = self._tick
                packet.dts = self._count - self._delay
            self._count += 1
            self._container.mux(packet)


def join(segments: Sequence[Path], path: Path, fps: Fraction, *, backwards: bool = False) -> None:
    """Copy the packets of segments of one Encoding into one film, frame n at exactly n / fps.

    In WebM and MKV, which keep whole milliseconds, at the nearest of them. The same segments
    give the same bytes. One packet is in memory. The file appears whole or not at all.

    Args:
        backwards: last packet first, for codecs whose pictures are all key pictures; a
            segment's packets are in memory.

    Raises OutputError where it cannot be written, VideoError for segments that are damaged,
    do not belong together or cannot be turned round, ValueError for none.
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


def _backwards(segments: Sequence[Path], fps: Fraction) -> Iterator[Packet]:
    """Every packet, the last one first, with the time that it is shown at."""
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
    """A film to write, under any name, in the container of a suffix of CONTAINERS."""
    container, options = CONTAINERS[suffix]
    return av.open(file_url(partial), "w", format=container, options=options)


def picture_of(planes: Planes, encoding: Encoding) -> VideoFrame:
    (height, width), form = encoding.size, encoding.form
    check_planes(planes, form, encoding.size)
    frame = VideoFrame(width, height, form.name)
    flat, start = planes.reshape(-1), 0
    for plane, (rows, columns) in zip(frame.planes, form.planes(height, width), strict=True):
        whole = np.frombuffer(cast(Any, plane), planes.dtype).reshape(rows, -1)
        whole[:, :columns] = flat[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
    frame.colorspace, frame.color_range = _matrix(form)
    taken = _taken(encoding)
    return frame if taken == form.name else frame.reformat(format=taken)


def _taken(encoding: Encoding) -> str:
    """The form that the encoder takes: hardware may want the same samples in another order."""
    name = encoding.form.name
    forms = [form.name for form in av.Codec(encoding.by, "w").video_formats or []]
    return name if name in forms or not forms else INTERLEAVED[name]


def _matrix(form: Form) -> tuple[int, int]:
    """Which the samples are made by, and their range."""
    return (RGB, FULL) if form.chroma is None else (BT709, LIMITED)


def add_stream_for(container: OutputContainer, encoding: Encoding) -> VideoStream:
    environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints past libav's log: errors only
    (height, width), codec = encoding.size, encoding.kind
    stream = container.add_stream(encoding.by, rate=encoding.fps, width=width, height=height)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.pix_fmt = _taken(encoding)
    context.time_base = 1 / encoding.fps
    context.gop_size = 1 if codec.intra else max(1, int(KEYFRAME_SECONDS * encoding.fps))
    # These only tag the film; the pixels are BT.709 already.
    context.colorspace, context.color_range = _matrix(encoding.form)
    context.color_primaries, context.color_trc = BT709, BT709
    # PyAV's default is SLICE: a third larger and slower than threads over frames.
    context.thread_type = "AUTO"
    context.thread_count = encoding.threads
    context.options = encoder_options(encoding)
    if codec.tag and container.format.name in ("mp4", "mov"):
        context.codec_tag = codec.tag
    return stream
