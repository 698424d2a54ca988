"""Presentation times of a video file's frames, read from its packets with one frame decoded.

Convention: ticks are the file's own unit of time, `tick` seconds each. Times in seconds
count from the first frame that can be shown.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.error import InvalidDataError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.media.video.frame_rate import (
    FASTEST,
    MILLISECOND,
    SLOWEST,
    constant_rate,
    usual_rate,
)
from dreamvid.media.video.libav import libav_errors
from dreamvid.media.video.pictures import PictureFilm
from dreamvid.media.video.reader import check_codec, film_streams, open_input

# Containers that list their keyframes; elsewhere libav guesses.
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
STILL_SUFFIXES = (".avif", ".heic", ".heif", ".gif")  # with a single frame


# A small file's times must not ask for endless work.
LONGEST_SHOWN = 600
"""Seconds that a film may show one picture."""


def most_frames(source: int) -> int:
    """Bound the length in frames of a film that shows `source` decoded pictures.

    Each may be shown a thousand times, and one of them for LONGEST_SHOWN at 60 frames a second.
    """
    return 1000 * source + 60 * LONGEST_SHOWN


@dataclass(frozen=True, kw_only=True)
class FrameTimes:
    ticks: Sequence[int]  # of every frame, rising
    keys: Sequence[int]  # ticks of keyframes, rising; empty: only the first frame
    numbered: bool  # the frames' own times are missing or wrong: frame k has ticks[k]
    tick: Fraction  # seconds
    rate: Fraction  # frames a second: exact, or the average of a variable rate
    seconds: Fraction
    first: VideoFrame  # decoded, for its size and orientation
    pixel_aspect: Fraction  # width / height of one pixel
    sound: bool
    pictures: PictureFilm | None = None  # where they are no film of libav's

    @property
    def pictures_alone(self) -> bool:
        """Test for pictures that have no rate of their own."""
        return self.pictures is not None and self.pictures.tick is None

    @property
    def tolerance(self) -> Fraction:
        """Seconds by which rounding to ticks can delay a frame."""
        rounding = max(self.tick, MILLISECOND)
        return rounding if 4 * rounding * self.rate <= 1 else Fraction(0)

    @property
    def last(self) -> int:
        return len(self.ticks) - 1

    def seconds_at(self, ticks: int) -> Fraction:
        return (ticks - self.ticks[0]) * self.tick

    def key_before(self, seconds: Fraction) -> int | None:
        """Return the ticks of the last keyframe shown by then; None: decode from the start."""
        return next((k for k in reversed(self.keys) if self.seconds_at(k) <= seconds), None)


def film_length(path: Path, times: FrameTimes, fps: Fraction) -> int:
    """Count the frames of the film at a rate; raises VideoError where its times are beyond bounds.

    See LONGEST_SHOWN and `most_frames`.
    """
    end = times.ticks[0] + math.ceil(times.seconds / times.tick)
    for tick, following in pairwise([*times.ticks, end]):
        if (following - tick) * times.tick > LONGEST_SHOWN + times.tick:
            raise VideoError(
                f"{path}: shows one picture for {float((following - tick) * times.tick):.0f} "
                f"seconds, from second {float(times.seconds_at(tick)):.0f} on, so its times are "
                f"damaged; at most {LONGEST_SHOWN} are read"
            )
    frames = max(1, math.floor(times.seconds * fps + Fraction(1, 2)))
    most = most_frames(len(times.ticks))
    if frames > most:
        raise VideoError(
            f"{path}: {len(times.ticks)} pictures would be {frames} frames at {float(fps):g} a "
            f"second, at most {most} are read; choose a lower rate"
        )
    return frames


@contextmanager
def open_film(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file's first video stream that is no cover image; closed after the block.

    Raises VideoError for other files, with what they are.
    """
    if path.is_file() and path.stat().st_size == 0:
        raise VideoError(f"{path}: is empty")
    with libav_errors(path), ExitStack() as stack:
        try:
            container = stack.enter_context(open_input(path))
        except InvalidDataError:
            raise VideoError(f"{path}: {_unreadable(path)}") from None
        except FileNotFoundError:
            raise VideoError(f"{path}: does not exist") from None
        kind = container.format.name
        if kind == "tty":  # libav draws a text file as an old terminal would
            raise VideoError(f"{path}: is a text file, not a film")
        if kind == "image2" or kind.endswith("_pipe"):
            raise _still_error(path)
        films = film_streams(container)
        if not films:
            sound = "holds sound but no" if container.streams.audio else "holds no"
            raise VideoError(f"{path}: {sound} video")
        check_codec(path, films[0])
        yield container, films[0]


def _unreadable(path: Path) -> str:
    with path.open("rb") as file:
        mp4 = file.read(8)[4:] == b"ftyp"
    return "is damaged or cut short: its index is missing" if mp4 else "is no film that can be read"


def _still_error(path: Path) -> VideoError:
    return VideoError(f'{path}: is a picture, not a film; use start.kind = "image"')


def read_frame_times(path: Path) -> FrameTimes:
    """Read every packet and decode the first frame; cached while the file is unchanged.

    Raises VideoError.
    """
    try:
        state = path.stat()
    except OSError:
        return _read(path)  # raises the right error
    return _read_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)  # a render reads its clip's size, rate, first frame and all frames
def _read_once(path: Path, modified: int, size: int) -> FrameTimes:
    return _read(path)


def _read(path: Path) -> FrameTimes:
    with open_film(path) as (container, stream):
        first, packets = _read_packets(path, container, stream)
        if len(packets) == 1 and path.suffix.lower() in STILL_SUFFIXES:
            raise _still_error(path)
        tick = Fraction(stream.time_base or 1)
        declared = [Fraction(r) for r in (stream.average_rate, stream.guessed_rate) if r]
        kind = container.format.name
        dated = [p for p in packets if p.pts is not None]
        # AVI has no times for reordered frames.
        numbered = kind == "avi" or 2 * len(dated) < len(packets)
        packets = packets if numbered else dated  # the others depend on frames that were cut off
        ticks, tick = _ticks(packets, tick, (declared or [Fraction(25)])[0])
        rate = constant_rate(ticks, tick, declared)
        last = max(packets, key=lambda p: p.pts or 0).duration or 0
        span = (ticks[-1] - ticks[0]) * tick
        average = (len(ticks) - 1) / span if span else (declared or [Fraction(25)])[0]
        seconds = len(ticks) / rate if rate else span + (last * tick or 1 / average)
        keys = [p.pts for p in packets if p.is_keyframe and p.pts is not None]
        return FrameTimes(
            ticks=ticks,
            keys=sorted(keys) if kind in SEEKABLE and not numbered else (),
            numbered=numbered,
            tick=tick,
            rate=min(max(rate or usual_rate(average), SLOWEST), FASTEST),
            seconds=seconds,
            first=first,
            pixel_aspect=Fraction(stream.sample_aspect_ratio or 1),
            sound=bool(container.streams.audio),
        )


@dataclass(frozen=True)
class _PacketTimes:
    pts: int | None
    duration: int | None
    is_keyframe: bool


def _read_packets(
    path: Path, container: InputContainer, stream: VideoStream
) -> tuple[VideoFrame, list[_PacketTimes]]:
    """Return the first frame and all shown packets; raises VideoError for a file cut short."""
    first, packets, count, end = None, [], 0, Fraction(0)
    for packet in container.demux():
        if packet.stream.index != stream.index:
            end = max(end, _end(packet))
            continue
        if packet.is_corrupt:
            raise VideoError(f"{path}: cut short after {count} frames")
        if first is None:
            first = next((f for f in packet.decode() if isinstance(f, VideoFrame)), None)
        if packet.size:
            count += 1
            end = max(end, _end(packet))
        if packet.size and not packet.is_discard:  # an edit list hides frames
            packets.append(_PacketTimes(packet.pts, packet.duration, packet.is_keyframe))
    # libav reports the end of a truncated file as the end of its film.
    if count < len(stream.index_entries) or _ends_early(container, end):
        raise VideoError(f"{path}: cut short after {count} frames")
    # Later than the first packet's where a broadcast begins between keyframes.
    start = first.pts if first else None
    shown = [p for p in packets if start is None or p.pts is None or p.pts >= start]
    if first is None or not shown:
        raise VideoError(f"{path}: holds no frame that can be decoded")
    return first, shown


def _end(packet: Packet) -> Fraction:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return ((ticks or 0) + (packet.duration or 0)) * Fraction(packet.time_base or 0)


def _ends_early(container: InputContainer, end: Fraction) -> bool:
    """Return whether packets end before the duration that a Matroska file declares."""
    if container.format.name != "matroska,webm" or not container.duration:
        return False
    return end < Fraction(container.duration, av.time_base) - Fraction(1, 2)


def _ticks(
    packets: Sequence[_PacketTimes], tick: Fraction, rate: Fraction
) -> tuple[list[int], Fraction]:
    """Return the frames' ticks, sorted, and the tick; frame numbers where times are missing."""
    ticks = [p.pts for p in packets if p.pts is not None]
    if len(ticks) < len(packets):
        return list(range(len(packets))), 1 / rate
    return sorted(ticks), tick
