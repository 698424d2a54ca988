"""When each frame of a video file is shown: read from its packets, with one frame decoded.

Convention: ticks are the file's own unit of time, `tick` seconds each. Times in seconds
count from the first frame that can be shown.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.media.video.libav import libav_errors
from dreamvid.media.video.reader import check_codec, open_input

NTSC = Fraction(1000, 1001)
# Rates that cameras and programs make: what a measured rate is taken for, if it is near one.
USUAL_RATES = tuple(
    sorted(
        {*map(Fraction, (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240))}
        | {rate * NTSC for rate in (24, 30, 48, 60, 120, 240)}
    )
)
# A file may have been another before, which counted in these: Matroska, Flash.
MILLISECOND = Fraction(1, 1000)
SLOWEST, FASTEST = Fraction(1), Fraction(240)

# In these the container says where decoding can begin; elsewhere libav guesses.
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
PICTURE_SUFFIXES = (".avif", ".heic", ".heif", ".gif")  # of one frame


@dataclass(frozen=True, kw_only=True)
class FrameTimes:
    ticks: Sequence[int]  # of every frame, rising
    keys: Sequence[int]  # of the frames where decoding can begin, rising; empty: only the first
    numbered: bool  # the frames' own times are missing or wrong: frame k has ticks[k]
    tick: Fraction  # seconds
    rate: Fraction  # frames a second: the file's exact one, or the average of a variable rate
    seconds: Fraction
    first: VideoFrame  # decoded, for its size and orientation
    pixel_aspect: Fraction  # width / height of one pixel
    sound: bool

    @property
    def tolerance(self) -> Fraction:
        """Seconds by which a frame may be late: what rounding to ticks can do to its time."""
        rounding = max(self.tick, MILLISECOND)
        return rounding if 4 * rounding * self.rate <= 1 else Fraction(0)

    @property
    def last(self) -> int:
        return len(self.ticks) - 1

    def seconds_at(self, ticks: int) -> Fraction:
        return (ticks - self.ticks[0]) * self.tick

    def key_before(self, seconds: Fraction) -> int | None:
        """Ticks of the last key frame shown by then; None if decoding must begin at the start."""
        return next((k for k in reversed(self.keys) if self.seconds_at(k) <= seconds), None)


@contextmanager
def open_film(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first stream of moving pictures; closed after the block.

    Raises VideoError saying what the file is, where it is no film.
    """
    if path.is_file() and path.stat().st_size == 0:
        raise VideoError(f"{path}: is empty")
    try:
        opened = open_input(path)
    except InvalidDataError:
        raise VideoError(f"{path}: {_unreadable(path)}") from None
    except FileNotFoundError:
        raise VideoError(f"{path}: does not exist") from None
    except FFmpegError as error:
        raise VideoError(f"{path}: {error.strerror}") from None
    with libav_errors(path), opened as container:
        kind = container.format.name
        if kind == "tty":  # libav draws a text file as an old terminal would
            raise VideoError(f"{path}: is a text file, not a film")
        if kind == "image2" or kind.endswith("_pipe"):
            raise _picture(path)
        # The picture on a record's cover is a stream of video too.
        films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not films:
            sound = "holds sound but no" if container.streams.audio else "holds no"
            raise VideoError(f"{path}: {sound} video")
        check_codec(path, films[0])
        yield container, films[0]


def _unreadable(path: Path) -> str:
    with path.open("rb") as file:
        mp4 = file.read(8)[4:] == b"ftyp"
    return "is damaged or cut short: its index is missing" if mp4 else "is no film that can be read"


def _picture(path: Path) -> VideoError:
    return VideoError(f'{path}: is a picture, not a film; use start.kind = "image"')


def read_frame_times(path: Path) -> FrameTimes:
    """Read every packet, once while the file stays the same, and decode the first frame.

    Raises VideoError.
    """
    try:
        state = path.stat()
    except OSError:
        return _read(path)  # which says what is wrong
    return _read_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)  # a render asks for its clip's size, rate, first frame and all frames
def _read_once(path: Path, modified: int, size: int) -> FrameTimes:
    return _read(path)


def _read(path: Path) -> FrameTimes:
    with open_film(path) as (container, stream):
        first, packets = _read_packets(path, container, stream)
        if len(packets) == 1 and path.suffix.lower() in PICTURE_SUFFIXES:
            raise _picture(path)
        tick = Fraction(stream.time_base or 1)
        told = [Fraction(r) for r in (stream.average_rate, stream.guessed_rate) if r]
        kind = container.format.name
        dated = [p for p in packets if p.pts is not None]
        # AVI has no times of its own for frames that are reordered.
        numbered = kind == "avi" or 2 * len(dated) < len(packets)
        packets = packets if numbered else dated  # those without lean on frames that were cut off
        ticks, tick = _ticks(packets, tick, (told or [Fraction(25)])[0])
        rate = _constant_rate(ticks, tick, told)
        last = max(packets, key=lambda p: p.pts or 0).duration or 0
        span = (ticks[-1] - ticks[0]) * tick
        average = (len(ticks) - 1) / span if span else (told or [Fraction(25)])[0]
        seconds = len(ticks) / rate if rate else span + (last * tick or 1 / average)
        keys = [p.pts for p in packets if p.is_keyframe and p.pts is not None]
        return FrameTimes(
            ticks=ticks,
            keys=sorted(keys) if kind in SEEKABLE and not numbered else (),
            numbered=numbered,
            tick=tick,
            rate=min(max(rate or _usual(average), SLOWEST), FASTEST),
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
    """The first frame, and the packets of all that are shown; raises VideoError if cut short."""
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
    # libav takes the end of a file that was cut short for the end of its film.
    if count < len(stream.index_entries) or _ends_early(container, end):
        raise VideoError(f"{path}: cut short after {count} frames")
    # Later than the first packet's where a broadcast begins amid a shot.
    start = first.pts if first else None
    shown = [p for p in packets if start is None or p.pts is None or p.pts >= start]
    if first is None or not shown:
        raise VideoError(f"{path}: holds no frame that can be decoded")
    return first, shown


def _end(packet: Packet) -> Fraction:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return ((ticks or 0) + (packet.duration or 0)) * Fraction(packet.time_base or 0)


def _ends_early(container: InputContainer, end: Fraction) -> bool:
    """Matroska says its duration at the front, and need not say how many frames it has."""
    if container.format.name != "matroska,webm" or not container.duration:
        return False
    return end < Fraction(container.duration, av.time_base) - Fraction(1, 2)


def _ticks(
    packets: Sequence[_PacketTimes], tick: Fraction, rate: Fraction
) -> tuple[list[int], Fraction]:
    """When the frames are shown, in order, and the tick; numbers where the file does not say."""
    ticks = [p.pts for p in packets if p.pts is not None]
    if len(ticks) < len(packets):
        return list(range(len(packets))), 1 / rate
    return sorted(ticks), tick


def _constant_rate(
    ticks: Sequence[int], tick: Fraction, told: Sequence[Fraction]
) -> Fraction | None:
    """The rate at which every frame is where its number says, but for rounding of times."""
    shown = np.asarray(ticks, np.float64) - ticks[0]
    numbers = np.arange(len(ticks))

    def error(rate: Fraction) -> float:
        """In seconds; 1e-6 of a tick is the arithmetic's."""
        return max(0.0, np.abs(shown - numbers * float(1 / (rate * tick))).max() - 1e-6) * tick

    fine = tick if tick < MILLISECOND else 0
    exact = next((rate for rate in told if error(rate) <= fine), None)
    if exact:
        return exact
    rounding = max(tick, MILLISECOND)
    near = [r for r in USUAL_RATES if told and abs(r - told[0]) <= told[0] / 10]
    # libav's average of rounded times may fit as well as a usual rate: that comes first.
    errors = {rate: error(rate) for rate in (*near, *told)}
    best = min(errors, key=lambda r: max(errors[r], 0.51 * rounding), default=None)
    return best if best and errors[best] <= max(tick, min(rounding, 1 / best / 4)) else None


def _usual(average: Fraction) -> Fraction:
    """A variable rate as a usual one within 3 %, or as a whole number."""
    near = min(USUAL_RATES, key=lambda rate: abs(rate - average))
    return near if abs(near - average) <= average * 3 / 100 else Fraction(round(average))
