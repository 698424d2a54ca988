"""Presentation times of a video file's frames, read from its packets with one decoded.

Convention: ticks are the file's own unit of time, `tick` seconds each. Times in seconds
count from the first frame that can be shown.
"""

import logging
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.error import InvalidDataError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.media.footage.frame_rate import (
    FASTEST,
    MILLISECOND,
    SLOWEST,
    constant_rate,
    grid_rate,
    usual_rate,
)
from dreamvid.media.footage.matrix import check_matrix
from dreamvid.media.footage.packet_times import (
    Packets,
    PacketTimes,
    first_frame,
    key_places,
    playing_order,
    read_packets,
    ticks_of,
)
from dreamvid.media.footage.pictures import PictureFilm
from dreamvid.media.footage.reader import check_codec, film_streams, open_input, pixel_aspect
from dreamvid.media.video.libav import libav_errors

logger = logging.getLogger(__name__)

# Containers that list their keyframes; elsewhere libav guesses.
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
STILL_SUFFIXES = (".avif", ".heic", ".heif", ".gif")  # with a single frame


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
    # Of each frame its place in decoding order, and that of the key frame it needs; -1: hidden.
    order: Sequence[int] = ()
    groups: Sequence[int] = ()
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

    @property
    def reordering(self) -> int:
        """Frames by which one that needs another can be shown before it."""
        places = np.empty(len(self.order), np.int64)
        places[np.asarray(self.order)] = np.arange(len(self.order))
        earliest = np.minimum.accumulate(places[::-1])[::-1]  # shown, of those not yet decoded
        return int((places - earliest).max())

    def number_before(self, ticks: int) -> int:
        """Return the number, in playing order, of the frame shown then; -1: none yet."""
        return bisect_right(self.ticks, ticks) - 1

    def depends(self, number: int, other: int) -> bool:
        """Return whether a frame may need another, by number; -1: one before the first."""
        if other < 0 or number == other:
            return number == other or self.groups[number] < 0
        # No frame needs one that is shown before the key frame but decoded after it.
        same = self.groups[number] <= self.groups[other]
        return same and self.order[other] < self.order[number]

    def seconds_at(self, ticks: int) -> Fraction:
        return (ticks - self.ticks[0]) * self.tick

    def keys_before(self, seconds: Fraction) -> Sequence[int]:
        """List the ticks of keyframes shown by then, rising."""
        return self.keys[: bisect_right(self.keys, seconds, key=self.seconds_at)]


@contextmanager
def open_film(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first of a file's `film_streams`; closed after the block.

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
        stream.thread_type = "NONE"  # one frame is decoded
        first = first_frame(container, stream)
    with open_film(path) as (container, stream):
        packets = _shown(path, read_packets(container, stream), first)
        if first is None or not packets:
            raise VideoError(f"{path}: holds no frame that can be decoded")
        check_matrix(path, first)
        if len(packets) == 1 and path.suffix.lower() in STILL_SUFFIXES:
            raise _still_error(path)
        tick = Fraction(stream.time_base or 1)
        declared = [Fraction(r) for r in (stream.average_rate, stream.guessed_rate) if r]
        kind = container.format.name
        dated = [p for p in packets if p.pts is not None]
        # AVI has no times for reordered frames.
        numbered = kind == "avi" or 2 * len(dated) < len(packets)
        packets = packets if numbered else dated  # the others depend on frames that were cut off
        order = playing_order(packets)
        ticks, tick = ticks_of(packets, tick, (declared or [Fraction(25)])[0])
        rate = constant = constant_rate(ticks, tick, declared)
        last = max(packets, key=lambda p: p.pts or 0).duration or 0
        span = (ticks[-1] - ticks[0]) * tick
        average = (len(ticks) - 1) / span if span else (declared or [Fraction(25)])[0]
        seconds = len(ticks) / constant if constant else span + (last * tick or 1 / average)
        if not constant and (rate := grid_rate(ticks, tick, declared)):
            seconds = round((span + (last * tick or 1 / rate)) * rate) / rate
        keys = [p.pts for p in packets if p.is_keyframe and p.pts is not None]
        return FrameTimes(
            ticks=ticks,
            order=order,
            groups=key_places(packets, order),
            keys=sorted(keys) if kind in SEEKABLE and not numbered else (),
            numbered=numbered,
            tick=tick,
            rate=min(max(rate or usual_rate(average), SLOWEST), FASTEST),
            seconds=seconds,
            first=first,
            pixel_aspect=pixel_aspect(path, stream),
            sound=bool(container.streams.audio),
        )


def _shown(path: Path, packets: Packets, first: VideoFrame | None) -> list[PacketTimes]:
    """List the packets that are shown, in decoding order, and warn of a beginning or end lost."""
    if packets.cut_after is not None:
        logger.warning("%s: is cut short after %d frames, which are used", path, packets.cut_after)
    # Later than the first packet's where a broadcast begins between keyframes.
    start = first.pts if first else None
    shown = [p for p in packets.shown if start is None or p.pts is None or p.pts >= start]
    if first and len(shown) < len(packets.shown):
        lost = len(packets.shown) - len(shown)
        logger.warning("%s: its first %d frames cannot be decoded; they are left out", path, lost)
    return shown
