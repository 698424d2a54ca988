"""Decoding of any film from any key frame, past what is damaged.

A frame that cannot be decoded is left out with those that depend on it, up to the next key frame:
whoever shows the film holds the last good picture meanwhile. The same frames are left out wherever
decoding begins and however many threads decode. libav's threads report damage late and conceal it
as they come by, so from the first damage on one thread decodes again from the key frame before.
"""

import logging
import math
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, nullcontext
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.media.footage.frame_times import FrameTimes, open_film
from dreamvid.media.footage.packet_times import decoded

logger = logging.getLogger(__name__)

# After this a film without key frames goes on with what decodes: concealed, but no longer frozen.
LONGEST_HOLD = 10  # seconds
MOST_TOLD = 5  # damaged stretches of one reading
# Without an error. Of two fields some decoders make one frame.
MOST_DROPPED = 2

Ticked = tuple[VideoFrame, int]
"""A frame, and the ticks at which it is shown."""
Opened = tuple[InputContainer, VideoStream]


class _Damaged(Exception):
    """Something could not be decoded by threads."""


def frames_from(path: Path, times: FrameTimes, seconds: Fraction) -> Generator[Ticked, None, None]:
    """Yield the good frames in playing order, from the last one shown by `seconds` or before it.

    Raises VideoError.
    """
    if times.pictures:
        first = times.number_before(times.ticks[0] + math.floor(seconds / times.tick))
        for number, frame in times.pictures.read(first):
            yield frame, times.ticks[number]
        return
    keys = [key for key in times.keys_before(seconds) if key != times.ticks[0]]
    if keys and not _lands(path, keys[-1]):
        keys = []
    for key in [*reversed(keys), None]:
        with closing(good_frames(path, times, key)) as frames:
            begin = next(frames, None)
            if begin and (key is None or times.seconds_at(begin[1]) <= seconds):
                yield begin
                yield from frames
                return


def _lands(path: Path, key: int) -> bool:
    """Return whether seeking to a key frame finds it, or an earlier one."""
    with open_film(path) as (container, stream):
        container.seek(key, stream=stream)
        packet = next(container.demux(stream))
        return packet.is_keyframe and packet.pts is not None and packet.pts <= key


def good_frames(
    path: Path, times: FrameTimes, key: int | None, opened: Opened | None = None
) -> Generator[Ticked, None, None]:
    """Yield the good frames in playing order from the key frame at these ticks on.

    Raises VideoError.

    Args:
        key: None: from the film's first frame.
        opened: the film, to seek in; None: it is opened for this.
    """
    done, start = None, key
    try:
        with _film(path, key, opened, threads=True) as film:
            for frame, ticks in _Reading(path, times, key, threads=True).frames(film):
                yield frame, ticks
                done = ticks
    except _Damaged:
        if done is not None:
            later = times.keys_before(times.seconds_at(done))[-1:]
            start = next((k for k in later if _lands(path, k)), key)
        with _film(path, start) as film:
            for frame, ticks in _Reading(path, times, start).frames(film):
                if done is None or ticks > done:
                    yield frame, ticks


@contextmanager
def _film(
    path: Path, key: int | None, opened: Opened | None = None, *, threads: bool = False
) -> Iterator[Opened]:
    """Open a film, unless it is open, and seek to a key frame; None: its beginning."""
    # Frames before the first key frame cannot be sought.
    with nullcontext(opened) if opened and key is not None else open_film(path) as film:
        container, stream = film
        if not stream.codec_context.is_open:
            stream.thread_type = "AUTO" if threads else "NONE"
        if key is not None:
            container.seek(key, stream=stream)
        yield film


class _Reading:
    """Filter of one pass over a film, which leaves out what is damaged."""

    def __init__(
        self, path: Path, times: FrameTimes, key: int | None, *, threads: bool = False
    ) -> None:
        self.path, self.times, self.key, self.threads = path, times, key, threads
        self.count = 0  # frames and lost packets so far, for films without times
        self.damage: list[int] = []  # numbers of damaged frames; -1: before the first one shown
        self.last = -1 if key is None else None  # number of the last good frame
        self.lost: list[int] = []  # numbers of the frames left out of one stretch
        self.told = 0
        self.reordering = times.reordering

    def frames(self, film: Opened) -> Iterator[Ticked]:
        # A frame is known to be corrupt once it is shown, after some of those that depend on it.
        waiting: deque[Ticked] = deque()
        begin = self.times.ticks[0] if self.key is None else self.key
        for item in decoded(*film):
            ticks = self._ticks(item)
            if ticks is None or (ticks < begin and self.key is not None):
                continue  # depends on frames that were not read
            if isinstance(item, Packet) or item.is_corrupt:
                self._damaged(ticks)
                waiting = deque(one for one in waiting if self._is_good(one[1]))
            elif ticks >= begin and self._is_good(ticks):
                waiting.append((item, ticks))
            while len(waiting) > self.reordering:
                yield from self._pass(*waiting.popleft())
        while waiting:
            yield from self._pass(*waiting.popleft())
        self._count(len(self.times.ticks))
        self._tell()

    def _ticks(self, item: VideoFrame | Packet) -> int | None:
        if not self.times.numbered:
            return item.pts
        if self.count or isinstance(item, VideoFrame):
            self.count += 1
        return self.times.ticks[min(max(0, self.count - 1), self.times.last)]

    def _damaged(self, ticks: int) -> None:
        number = self.times.number_before(ticks)
        if number >= 0 and self.times.ticks[number] != ticks:
            return  # of no frame that is shown: cut off at the end
        if self.threads:
            raise _Damaged
        horizon = ticks - 2 * LONGEST_HOLD / self.times.tick  # nothing held is older
        recent = [one for one in self.damage if self.times.ticks[max(0, one)] >= horizon]
        self.damage = [*recent, number]

    def _is_good(self, ticks: int) -> bool:
        """Return whether a frame depends on no damaged one, as far as is known."""
        number = self.times.number_before(ticks)
        return not any(
            self.times.depends(number, one)
            and (ticks - self.times.ticks[max(0, one)]) * self.times.tick <= LONGEST_HOLD
            for one in self.damage
        )

    def _pass(self, frame: VideoFrame, ticks: int) -> Iterator[Ticked]:
        """Yield a good frame, unless a decoder that lost its way has shown a later one."""
        number = self.times.number_before(ticks)
        if self.last is None or number > self.last or not self.lost:
            self._count(number)
            yield frame, ticks

    def _count(self, number: int) -> None:
        """Count the frames that were left out between the last good one and this one."""
        last, self.last = self.last, number
        missing = range(number if last is None else last + 1, number)
        if self.damage or len(missing) > MOST_DROPPED:
            self.lost += missing
        groups = self.times.groups
        if self.lost and number < len(groups) and groups[number] > groups[self.lost[0]]:
            self._tell()

    def _tell(self) -> None:
        if self.lost and self.told < MOST_TOLD:
            self.told += 1
            second = float(self.times.seconds_at(self.times.ticks[self.lost[0]]))
            logger.warning(
                "%s: damaged at %.2f seconds, frame %d: the last good picture is shown for %d "
                "frames%s",
                self.path,
                second,
                self.lost[0],
                len(self.lost),
                "; there is more" if self.told == MOST_TOLD else "",
            )
        self.lost = []
