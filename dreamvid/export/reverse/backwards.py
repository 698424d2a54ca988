"""A film's frames from the last to the first, in bounded memory whatever its length.

Decoding can only go forwards from a key picture, so a group of pictures is decoded from its
key and given back to front. One that has more frames than are to be kept is decoded again
for each so many of them, each time a little less far: a group of n frames costs
n * n / (2 * kept) decoded frames, and one that fits costs n.
"""

import math
from bisect import bisect_left
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.image import Bytes
from dreamvid.media.video.footage import Converter, even, upright_size
from dreamvid.media.video.frame_times import FrameTimes, open_film, read_frame_times

KEPT_BYTES = 256 * 2**20  # of decoded frames
KEPT_FRAMES = 240  # of small ones: what each costs beside its pixels adds up too
PIXEL_BYTES = 4  # at most, but for rare forms of more

Timed = tuple[VideoFrame, Fraction, Fraction]
"""A frame, and the seconds from which and until which the film shows it."""


def read_backwards(
    path: Path, *, fps: Fraction | None = None, count: int | None = None
) -> Generator[Bytes, None, None]:
    """Yield what `video.footage.read_footage` does at this rate, the last frame first.

    Each is (h, w, 3) uint8 RGB, of `FootageInfo.size`. A repeated frame is the same array:
    treat frames as read-only. Raises VideoError.

    Args:
        fps: None: the film's own rate.
        count: of the film's first frames, with the last of which it begins; what comes after
            it is not decoded. None: all of them.
    """
    times = read_frame_times(path)
    fps = times.rate if fps is None else fps
    convert = Converter(even(upright_size(times.first, times.pixel_aspect)), times.pixel_aspect)
    if count is not None:
        times = _until(times, count / fps)
    with closing(shown_backwards(path, times, fps)) as frames:
        for frame, copies in frames:
            picture = convert(frame)
            for _ in range(copies):
                yield picture


def _until(times: FrameTimes, end: Fraction) -> FrameTimes:
    """Those of a film that ends after so many seconds."""
    ticks = [tick for tick in times.ticks if times.seconds_at(tick) < end + times.tolerance]
    keys = [key for key in times.keys if key <= ticks[-1]]
    return replace(times, ticks=ticks, keys=keys, seconds=end)


def shown_backwards(
    path: Path, times: FrameTimes, fps: Fraction
) -> Generator[tuple[VideoFrame, int], None, None]:
    """Every frame that a film of this rate shows, the last first, and in how many pictures."""
    end = max(1, math.floor(times.seconds * fps + Fraction(1, 2)))
    with closing(decode_backwards(path, times)) as frames:
        for frame, start, _ in frames:
            first = max(0, math.ceil((start - times.tolerance) * fps)) if start else 0
            if first < end:
                yield frame, end - first
                end = first


def decode_backwards(
    path: Path, times: FrameTimes, *, kept: int | None = None
) -> Generator[Timed, None, None]:
    """Yield every frame that can be decoded, as the file stores it, the last one first.

    The first one begins at second 0, and the last one ends at `times.seconds`. The file is
    closed with the generator. Raises VideoError.

    Args:
        kept: frames in memory; None: as many as KEPT_BYTES hold, up to KEPT_FRAMES.
    """
    kept = kept or kept_frames(times)
    until = times.seconds
    for frame, start in _frames(path, times, kept):
        yield frame, start, until
        until = start
    if until == times.seconds:
        raise VideoError(f"{path}: holds no frame that can be decoded")


def kept_frames(times: FrameTimes) -> int:
    frame_bytes = PIXEL_BYTES * times.first.width * times.first.height
    return max(1, min(KEPT_FRAMES, KEPT_BYTES // frame_bytes))


def _frames(
    path: Path, times: FrameTimes, kept: int
) -> Generator[tuple[VideoFrame, Fraction], None, None]:
    with open_film(path) as (container, stream):
        stream.thread_type = "AUTO"
        decoder = _Decoder(path, container, stream, times)
        for first, end in reversed(_groups(times)):
            while end > first:
                frames = decoder.last_of(first, end, kept)
                end = max(first, end - kept)
                while frames:  # so that each can be freed once it is used
                    number, frame = frames.pop()
                    yield frame, times.seconds_at(times.ticks[number])


def _groups(times: FrameTimes) -> list[tuple[int, int]]:
    """[first, end) of the frames that are shown from each key picture on to the next one."""
    starts = sorted({0, *(bisect_left(times.ticks, key) for key in times.keys)})
    return list(zip(starts, [*starts[1:], len(times.ticks)], strict=True))


class _Decoder:
    """Decodes parts of one film; frames are known by their number in playing order."""

    def __init__(
        self, path: Path, container: InputContainer, stream: VideoStream, times: FrameTimes
    ) -> None:
        self._path, self._times = path, times
        self._container, self._stream = container, stream

    def last_of(self, first: int, end: int, kept: int) -> list[tuple[int, VideoFrame]]:
        """The last `kept` frames of [first, end), where frame `first` is a key picture."""
        frames, seen = self._collect(first, max(first, end - kept), end)
        if first and not seen:  # the seek missed it: from the film's beginning, then
            frames, _ = self._collect(0, max(first, end - kept), end)
        return frames

    def _collect(self, key: int, first: int, end: int) -> tuple[list[tuple[int, VideoFrame]], bool]:
        """Frames [first, end), decoded from `key` on, and whether decoding began there."""
        frames, seen = [], False
        with closing(self._from(key)) as decoded:
            for number, frame in decoded:
                seen = seen or number == key
                if first <= number < end:
                    frames.append((number, frame))
                if number >= end - 1:
                    break
        return frames, seen

    def _from(self, key: int) -> Generator[tuple[int, VideoFrame], None, None]:
        """Decoded frames from number `key` on."""
        if key:
            self._container.seek(self._times.ticks[key], stream=self._stream)
            yield from self._decode(self._container, self._stream, key)
        else:  # opened anew: what comes before a first key picture cannot be sought
            with open_film(self._path) as (container, stream):
                stream.thread_type = "AUTO"
                yield from self._decode(container, stream, 0)

    def _decode(
        self, container: InputContainer, stream: VideoStream, key: int
    ) -> Iterator[tuple[int, VideoFrame]]:
        count = 0
        for packet in container.demux(stream):
            for frame in packet.decode():
                number = self._number(frame, count)
                count += 1
                if number is None or number < key:  # that leans on frames that were not read
                    continue
                if frame.is_corrupt:
                    raise VideoError(f"{self._path}: damaged, at {frame.time or 0:.2f} seconds")
                yield number, frame

    def _number(self, frame: VideoFrame, count: int) -> int | None:
        """Its number in playing order; None for one that is not shown."""
        ticks = self._times.ticks
        if self._times.numbered:
            return count if count < len(ticks) else None
        if frame.pts is None:
            return None
        number = bisect_left(ticks, frame.pts)
        return number if number < len(ticks) and ticks[number] == frame.pts else None
