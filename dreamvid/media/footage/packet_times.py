"""Times of a film's packets, without decoding, past what is cut off or damaged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.media.footage.decoders import decoder_of

UNDATED = 600
"""Frames without a time, as Matroska's before second 0, after which none with one is awaited."""


@dataclass(frozen=True)
class PacketTimes:
    pts: int | None
    duration: int | None
    is_keyframe: bool


@dataclass(frozen=True)
class Packets:
    """Packets of a film that are shown, in decoding order."""

    shown: list[PacketTimes]
    cut_after: int | None  # whole packets in a file that is cut short


def read_packets(container: InputContainer, stream: VideoStream) -> Packets:
    """Read every packet; those that the end of the file cuts off are left out."""
    packets: list[tuple[PacketTimes, bool]] = []
    end, whole, count = Fraction(0), 0, 0  # whole: packets before the ones cut off
    for packet in demuxed(container):
        if packet.stream.index != stream.index:
            end = max(end, _end(packet))
        elif packet.size:
            count += 1
            if not packet.is_corrupt:
                whole, end = count, max(end, _end(packet))
            times = PacketTimes(packet.pts, packet.duration, packet.is_keyframe)
            packets.append((times, bool(packet.is_discard)))
    # libav reports the end of a truncated file as the end of its film.
    cut = whole < max(count, len(stream.index_entries)) or _ends_early(container, end)
    # An edit list hides frames.
    shown = [times for times, hidden in packets[:whole] if not hidden]
    return Packets(shown, whole if cut else None)


def playing_order(packets: Sequence[PacketTimes]) -> list[int]:
    """List the place in decoding order of each frame, in playing order."""
    if any(p.pts is None for p in packets):
        return list(range(len(packets)))
    return sorted(range(len(packets)), key=lambda place: packets[place].pts or 0)


def key_places(packets: Sequence[PacketTimes], order: Sequence[int]) -> list[int]:
    """List the place of the key frame from which each frame, in playing order, is decoded.

    Those shown before the key frame that they follow need the one before it too.
    """
    groups, before, key = [], -1, -1
    for place, packet in enumerate(packets):
        if packet.is_keyframe:
            before, key = key, place
        leading = key >= 0 and (packet.pts or 0) < (packets[key].pts or 0)
        groups.append(before if leading else key)
    return [groups[place] for place in order]


def ticks_of(
    packets: Sequence[PacketTimes], tick: Fraction, rate: Fraction
) -> tuple[list[int], Fraction]:
    """Return the frames' ticks, sorted, and the tick; frame numbers where times are missing."""
    ticks = [p.pts for p in packets if p.pts is not None]
    if len(ticks) < len(packets):
        return list(range(len(packets))), 1 / rate
    return sorted(ticks), tick


def demuxed(container: InputContainer, stream: VideoStream | None = None) -> Iterator[Packet]:
    """Yield packets up to the end, or to where the container itself is damaged."""
    try:
        yield from container.demux(*([stream] if stream else []))
    except InvalidDataError:
        return


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame | Packet]:
    """Yield the frames of a film, and the packets that cannot be decoded.

    A frame may still be marked as corrupt.
    """
    decode, ended = decoder_of(stream), False
    for packet in demuxed(container, stream):
        ended = not packet.size
        if packet.is_corrupt:
            yield packet
            continue
        try:
            frames = decode(packet)
        except MemoryError:
            raise
        except FFmpegError:
            yield packet
        else:
            yield from frames
    if not ended:  # the container is damaged: the decoder still has frames
        yield from decode(None)


def first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """Decode the first good frame that is shown: its time is known, in films where any is."""
    undated, damaged, count = None, False, 0
    for frame in decoded(container, stream):
        if isinstance(frame, Packet) or frame.is_corrupt:
            damaged = True
        elif frame.key_frame or not damaged:
            if frame.pts is not None:
                return frame
            undated = undated or frame
            count, damaged = count + 1, False
            if count > UNDATED:
                break
    return undated


def _end(packet: Packet) -> Fraction:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return ((ticks or 0) + (packet.duration or 0)) * Fraction(packet.time_base or 0)


def _ends_early(container: InputContainer, end: Fraction) -> bool:
    """Return whether packets end before the duration that a Matroska file declares."""
    if container.format.name != "matroska,webm" or not container.duration:
        return False
    return end < Fraction(container.duration, av.time_base) - Fraction(1, 2)
