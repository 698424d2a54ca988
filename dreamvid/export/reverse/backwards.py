"""Decoding of a film from the last frame to the first, in bounded memory whatever its length.

Decoding only goes forward from a keyframe, so each group of pictures is decoded from its keyframe
and yielded back to front. A group of more frames than the buffer holds is decoded again for each
bufferful: n frames cost n * n / (2 * capacity) decoded frames, and n where they fit.
"""

import math
from bisect import bisect_left
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.image import Bytes
from dreamvid.media.footage.decoding import good_frames
from dreamvid.media.footage.deinterlace import deinterlaced
from dreamvid.media.footage.film_times import read_film_times
from dreamvid.media.footage.footage import Converter, even, upright_size
from dreamvid.media.footage.frame_times import FrameTimes, open_film
from dreamvid.media.footage.pictures import PictureFilm
from dreamvid.media.footage.span import film_length

BUFFER_BYTES = 256 * 2**20  # of decoded frames
BUFFER_FRAMES = 240  # at most: small frames have overhead beside their pixels
PIXEL_BYTES = 4  # at most, but for rare pixel formats

Timed = tuple[VideoFrame, Fraction, Fraction]
"""A frame, and the seconds at which its presentation begins and ends."""


def read_backwards(
    path: Path, *, fps: Fraction | None = None, count: int | None = None
) -> Generator[Bytes, None, None]:
    """Yield the frames of `footage.read_footage` at this rate, the last one first.

    Each is (h, w, 3) uint8 RGB, of `FootageInfo.size`. A repeated frame is the same array:
    treat frames as read-only. Raises VideoError.

    Args:
        fps: None: the film's own rate.
        count: number of the film's first frames to yield; None: all.
    """
    times = read_film_times(path, fps)
    fps = times.rate if fps is None else fps
    convert = Converter(even(upright_size(times.first, times.pixel_aspect)), times.pixel_aspect)
    if count is not None:
        times = _until(times, count / fps)
    with closing(shown_backwards(path, times, fps)) as frames:
        for frame, copies in frames:
            image = convert(frame)
            for _ in range(copies):
                yield image


def _until(times: FrameTimes, end: Fraction) -> FrameTimes:
    """Return the times of the film cut off after `end` seconds."""
    ticks = [tick for tick in times.ticks if times.seconds_at(tick) < end + times.tolerance]
    keys = [key for key in times.keys if key <= ticks[-1]]
    return replace(times, ticks=ticks, keys=keys, seconds=end)


def shown_backwards(
    path: Path, times: FrameTimes, fps: Fraction
) -> Generator[tuple[VideoFrame, int], None, None]:
    """Yield every frame that a film of this rate shows, the last one first, and its copies."""
    end, frame = film_length(path, times, fps), times.first
    with closing(decode_backwards(path, times)) as frames:
        for frame, start, _ in frames:
            first = max(0, math.ceil((start - times.tolerance) * fps)) if start else 0
            if first < end:
                yield frame, end - first
                end = first
        if end:  # damaged frames before the first one that could be decoded
            yield frame, end


def decode_backwards(
    path: Path, times: FrameTimes, *, capacity: int | None = None
) -> Generator[Timed, None, None]:
    """Yield every good frame as it is stored, the last one first.

    The film's first frame begins at second 0, its last one ends at `times.seconds`. The file is
    closed with the generator. Raises VideoError.

    Args:
        capacity: frames in memory; None: as many as BUFFER_BYTES hold, up to BUFFER_FRAMES.
    """
    capacity = capacity or buffer_capacity(times)
    until = times.seconds
    for frame, start in _frames(path, times, capacity):
        yield frame, start, until
        until = start
    if until == times.seconds:
        raise VideoError(f"{path}: holds no frame that can be decoded")


def buffer_capacity(times: FrameTimes) -> int:
    frame_bytes = PIXEL_BYTES * times.first.width * times.first.height
    return max(1, min(BUFFER_FRAMES, BUFFER_BYTES // frame_bytes))


def _frames(
    path: Path, times: FrameTimes, capacity: int
) -> Generator[tuple[VideoFrame, Fraction], None, None]:
    if times.pictures:
        for number, frame in _pictures(times.pictures, len(times.ticks), capacity):
            yield frame, times.seconds_at(times.ticks[number])
        return
    with open_film(path) as (container, stream):
        stream.thread_type = "AUTO"
        decoder = _Decoder(path, container, stream, times)
        for first, end in reversed(_groups(times)):
            while end > first:
                frames = decoder.last_of(first, end, capacity)
                end = max(first, end - capacity)
                while frames:  # popped, so that each is freed once it is used
                    number, frame = frames.pop()
                    yield frame, times.seconds_at(times.ticks[number])


def _pictures(
    film: PictureFilm, count: int, capacity: int
) -> Generator[tuple[int, VideoFrame], None, None]:
    """Yield the first `count` frames, those that can be decoded, the last one first."""
    step = 1 if film.direct else capacity
    for end in range(count, 0, -step):
        first = max(0, end - step)
        with closing(film.read(first)) as frames:
            within = [pair for pair in islice(frames, end - first) if first <= pair[0] < end]
        while within:
            yield within.pop()


def _groups(times: FrameTimes) -> list[tuple[int, int]]:
    """Return [first, end) of the frames from each keyframe to the next, in playing order."""
    starts = sorted({0, *(bisect_left(times.ticks, key) for key in times.keys)})
    return list(zip(starts, [*starts[1:], len(times.ticks)], strict=True))


@dataclass(frozen=True)
class _Decoder:
    """Decoder of parts of one film; frames are numbered in playing order."""

    path: Path
    container: InputContainer
    stream: VideoStream
    times: FrameTimes

    def last_of(self, first: int, end: int, capacity: int) -> list[tuple[int, VideoFrame]]:
        """Decode the last `capacity` frames of [first, end), where frame `first` is a keyframe."""
        begin = max(first, end - capacity)
        frames = self._read(first, begin, end)
        if not any(frame.interlaced_frame for _, frame in frames):
            return frames
        key = max(start for start, _ in _groups(self.times) if start < max(begin, 1))
        frames = self._read(key, max(0, begin - 1), end + 1)  # deinterlacing takes the neighbours
        clean = deinterlaced((frame, number) for number, frame in frames)
        return [(number, frame) for frame, number in clean if begin <= number < end]

    def _read(self, key: int, first: int, end: int) -> list[tuple[int, VideoFrame]]:
        """Decode frames [first, end), from keyframe `key` on."""
        frames, found = self._collect(key, first, end)
        if key and not found:  # the seek missed it
            frames, _ = self._collect(0, first, end)
        return frames

    def _collect(self, key: int, first: int, end: int) -> tuple[list[tuple[int, VideoFrame]], bool]:
        """Decode frames [first, end) from `key` on; also tells whether `key` itself was found."""
        frames, found = [], False
        with closing(self._from(key)) as decoded:
            for number, frame in decoded:
                found = found or number == key
                if first <= number < end:
                    frames.append((number, frame))
                if number >= end - 1:
                    break
        return frames, found

    def _from(self, key: int) -> Generator[tuple[int, VideoFrame], None, None]:
        """Yield good frames from number `key` on."""
        ticks, opened = self.times.ticks[key], (self.container, self.stream)
        with closing(good_frames(self.path, self.times, ticks if key else None, opened)) as frames:
            for frame, at in frames:
                number = self.times.number_before(at)
                if number >= 0 and self.times.ticks[number] == at:  # others are not shown
                    yield number, frame
