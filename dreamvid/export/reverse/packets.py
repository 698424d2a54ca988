"""Reversal of intra-only films packet by packet, without decoding.

Packets are copied to a nameless file beside the output and read from there back to front: memory
holds one packet, and an offset for each.
"""

from array import array
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from dreamvid.media.footage.footage import display_matrix
from dreamvid.media.footage.frame_times import FrameTimes, open_film
from dreamvid.media.footage.packet_times import demuxed
from dreamvid.media.footage.wide_colour import wide_colours
from dreamvid.media.video.libav import whole_film
from dreamvid.media.video.writer import MUXERS
from dreamvid.media.video.writer import open_film as create_film


def reason_to_encode(path: Path, suffix: str, times: FrameTimes) -> str | None:
    """Return None if the packets can be reversed into a file of this suffix, else the reason.

    The whole file is read. Raises VideoError.
    """
    if suffix not in MUXERS:
        return f"{suffix} is not written packet by packet"
    if times.pictures:
        return "its pictures are no packets of a film"
    with open_film(path) as (container, stream):
        if not _holds(suffix, stream):
            return f"{suffix} does not hold {stream.codec_context.codec.canonical_name}"
        return _dependence(container, stream, times)


def _dependence(container: InputContainer, stream: VideoStream, times: FrameTimes) -> str | None:
    if times.first.interlaced_frame:
        return "its pictures are interlaced, and their fields would be shown in the wrong order"
    number = 0
    for packet in demuxed(container, stream):
        if not packet.size:
            continue
        if packet.is_corrupt:
            if number == len(times.ticks):  # cut off
                break
            return "some of its pictures are damaged"
        if not packet.is_keyframe or packet.has_sidedata("new_extradata"):
            return "its pictures need each other"
        due = times.ticks[number] if number < len(times.ticks) else None
        if packet.is_discard or due is None or (packet.pts != due and not times.numbered):
            return "its pictures are not stored as they are shown"
        number += 1
    return None if number == len(times.ticks) else "some of its pictures are missing"


def _holds(suffix: str, stream: VideoStream) -> bool:
    """Return whether libav writes the stream's codec in that container."""
    name, options = MUXERS[suffix]
    with TemporaryFile("w+b") as nowhere, av.open(nowhere, "w", name, options=options) as trial:
        return stream.codec_context.codec.canonical_name in trial.supported_codecs


def reverse_packets(
    path: Path,
    out: Path,
    times: FrameTimes,
    on_progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Write the film's packets unchanged, from the last to the first.

    Durations of frames, rotation, pixel aspect and colours are the source's; the first frame is
    at second 0. Sound is left out. `out` appears whole or not at all. Raises VideoError,
    OutputError.

    Args:
        times: of `path`, for which `reason_to_encode` returned None.
        on_progress: called with the share of the packets written, 0 to 1.
    """
    with (
        whole_film(out) as partial,
        TemporaryFile(dir=out.parent) as scratch,
        open_film(path) as (source, template),
        create_film(partial, out.suffix.lower()) as container,
    ):
        # opaque: copied, so that no encoder of its kind is needed.
        stream = container.add_stream_from_template(template, opaque=True)
        stream.time_base = times.tick
        if container.format.name in source.format.name.split(","):  # which tag codecs alike
            stream.codec_context.codec_tag = template.codec_context.codec_tag
        ends = _store(source, template, scratch, len(times.ticks))
        for number, packet in enumerate(_back_to_front(scratch, ends, times), 1):
            packet.stream = stream
            container.mux(packet)
            on_progress(number / len(ends))


def lost_property(film: Path, times: FrameTimes) -> str | None:
    """Return the property of the frames that a file with the same packets has lost, or None."""
    with open_film(film) as (container, stream):
        first = next(container.decode(stream))
        if display_matrix(first) != display_matrix(times.first):
            return "how the picture is turned"
        if Fraction(stream.sample_aspect_ratio or 1) != times.pixel_aspect:
            return "the shape of its pixels"
        if wide_colours(first) != wide_colours(times.first):
            return "the meaning of its colours"
    return None


def _store(
    source: InputContainer, stream: VideoStream, scratch: BinaryIO, count: int
) -> "array[int]":
    """Copy `count` packets to the scratch file; return the offset where each one ends."""
    ends, end = array("q"), 0
    for packet in demuxed(source, stream):
        if packet.size and len(ends) < count:
            scratch.write(bytes(packet))
            end += packet.size
            ends.append(end)
    return ends


def _back_to_front(scratch: BinaryIO, ends: "array[int]", times: FrameTimes) -> Iterator[Packet]:
    until = film_end = times.ticks[0] + round(times.seconds / times.tick)
    for number in reversed(range(len(ends))):
        begin = ends[number - 1] if number else 0
        scratch.seek(begin)
        packet = Packet(scratch.read(ends[number] - begin))
        packet.pts = packet.dts = film_end - until
        packet.duration = until - times.ticks[number]
        packet.time_base, packet.is_keyframe = times.tick, True
        until = times.ticks[number]
        yield packet
