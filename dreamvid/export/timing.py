"""Trimming, repeating and changing the rate of a film; no frame is ever interpolated."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from math import ceil, floor

from dreamvid.image import Bytes
from dreamvid.media.audio.blocks import Samples, fit, skip
from dreamvid.media.audio.decode import RATE
from dreamvid.media.audio.mux import CHANNELS
from dreamvid.media.clip import Pictures


def rate_within(fps: Fraction, lowest: Fraction, highest: Fraction) -> Fraction:
    """The rate nearest to `fps` within bounds at which motion stays even.

    It is an integer fraction or multiple of `fps`, so that every frame is dropped or repeated as
    often as the next. Where no multiple lies within the bounds, it is `highest`.
    """
    if fps > highest:
        return fps / ceil(fps / highest)
    if fps < lowest:
        return min(fps * ceil(lowest / fps), highest)
    return fps


def at_rate(film: Pictures, fps: Fraction) -> Pictures:
    """Change the frame rate: output frame n is the one that the film shows at second n / fps."""
    if fps == film.fps:
        return film
    ratio = film.fps / fps
    count = max(1, floor(film.count / ratio + Fraction(1, 2)))

    def read() -> Generator[Bytes, None, None]:
        with closing(film.read()) as frames:
            yield from _select(frames, (floor(n * ratio) for n in range(count)))

    return replace(film, read=read, fps=fps, count=count)


def _select(frames: Iterator[Bytes], numbers: Iterator[int]) -> Generator[Bytes, None, None]:
    """Yield the frames of these numbers, which never decrease."""
    current, frame = -1, None
    for number in numbers:
        while current < number:
            current, frame = current + 1, next(frames, frame)
        if frame is not None:
            yield frame


def trim(film: Pictures, start: Fraction, seconds: Fraction | None) -> Pictures:
    """Cut out at most `seconds` from second `start` on, sound included; None: to the end."""
    first = min(round(start * film.fps), film.count - 1)
    left = film.count - first
    count = left if seconds is None else max(1, min(left, floor(seconds * film.fps)))
    if (first, count) == (0, film.count):
        return film

    def read() -> Generator[Bytes, None, None]:
        with closing(film.read()) as frames:
            yield from islice(frames, first, first + count)

    def sound() -> Generator[Samples, None, None]:
        assert film.sound
        with closing(film.sound()) as blocks:
            yield from skip(blocks, round(first / film.fps * RATE))

    return replace(film, read=read, count=count, sound=sound if film.sound else None)


def repeat(film: Pictures, times: int) -> Pictures:
    """Play the whole film several times, sound included."""

    def read() -> Generator[Bytes, None, None]:
        for _ in range(times):
            with closing(film.read()) as frames:
                yield from frames

    def sound() -> Generator[Samples, None, None]:
        assert film.sound
        for _ in range(times):
            with closing(film.sound()) as blocks:
                yield from fit(blocks, round(film.seconds * RATE), channels=CHANNELS)

    count = times * film.count
    return replace(film, read=read, count=count, sound=sound if film.sound else None)
