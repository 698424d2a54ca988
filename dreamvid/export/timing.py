"""Which of a film's pictures are shown, and how fast: never one that the film does not have."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from math import ceil, floor

from dreamvid.image import Bytes
from dreamvid.media.audio.blocks import Samples, fit, skip
from dreamvid.media.audio.decode import RATE
from dreamvid.media.clip import Pictures, Sound

CHANNELS = 2


def rate_within(fps: Fraction, lowest: Fraction, highest: Fraction) -> Fraction:
    """The rate nearest to `fps` from lowest to highest at which no picture jars.

    That is a whole part of it, or a whole multiple: every picture is then left out, or
    repeated, as often as the next. Where no multiple lies between them, `highest`.
    """
    if fps > highest:
        return fps / ceil(fps / highest)
    if fps < lowest:
        return min(fps * ceil(lowest / fps), highest)
    return fps


def at_rate(pictures: Pictures, fps: Fraction) -> Pictures:
    """Picture n is the one that the film shows at second n / fps."""
    if fps == pictures.fps:
        return pictures
    ratio = pictures.fps / fps
    count = max(1, floor(pictures.count / ratio + Fraction(1, 2)))

    def read() -> Generator[Bytes, None, None]:
        with closing(pictures.read()) as frames:
            yield from _chosen(frames, (floor(n * ratio) for n in range(count)))

    return replace(pictures, read=read, fps=fps, count=count)


def _chosen(frames: Iterator[Bytes], numbers: Iterator[int]) -> Generator[Bytes, None, None]:
    """The frames of these numbers, which never fall."""
    number, frame = -1, None
    for wanted in numbers:
        while number < wanted:
            number, frame = number + 1, next(frames, frame)
        if frame is not None:
            yield frame


def part(pictures: Pictures, start: Fraction, seconds: Fraction | None) -> Pictures:
    """From second `start` on, `seconds` of it at most; all that follows for None."""
    first = min(round(start * pictures.fps), pictures.count - 1)
    left = pictures.count - first
    count = left if seconds is None else max(1, min(left, floor(seconds * pictures.fps)))
    if (first, count) == (0, pictures.count):
        return pictures

    def read() -> Generator[Bytes, None, None]:
        with closing(pictures.read()) as frames:
            yield from islice(frames, first, first + count)

    sound = _sound_from(pictures.sound, round(first / pictures.fps * RATE))
    return replace(pictures, read=read, count=count, sound=sound)


def _sound_from(sound: Sound | None, samples: int) -> Sound | None:
    if sound is None or not samples:
        return sound

    def opened() -> Generator[Samples, None, None]:
        with closing(sound()) as blocks:
            yield from skip(blocks, samples)

    return opened


def repeated(pictures: Pictures, times: int) -> Pictures:
    """The whole film again and again, its sound with it."""

    def read() -> Generator[Bytes, None, None]:
        for _ in range(times):
            with closing(pictures.read()) as frames:
                yield from frames

    count = times * pictures.count
    sound = _sound_again(pictures.sound, times, round(pictures.seconds * RATE))
    return replace(pictures, read=read, count=count, sound=sound)


def _sound_again(sound: Sound | None, times: int, samples: int) -> Sound | None:
    if sound is None:
        return None

    def opened() -> Generator[Samples, None, None]:
        for _ in range(times):
            with closing(sound()) as blocks:
                yield from fit(blocks, samples, channels=CHANNELS)

    return opened
