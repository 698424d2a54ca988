"""Sample frames over a film's length without decoding all of it."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from dreamvid.image import Bytes
from dreamvid.media.footage.reader import open_video, to_rgb
from dreamvid.monitor.thumbnail import small_size

FEWEST = 8  # distinct key frames; a short film with fewer is decoded whole


def sample_frames(path: Path, *, count: int, longest: int) -> list[tuple[float, Bytes]]:
    """Sample at most `count` frames as (seconds, RGB pixels), in order; raises VideoError.

    They are scaled down to at most `longest` pixels.
    """
    with open_video(path) as (container, stream):
        if stream.duration and stream.time_base:
            length = float(stream.duration * stream.time_base)
        else:  # Matroska and WebM have it for the whole file only, in microseconds
            length = (container.duration or 0) / 1e6
    times = [length * n / count for n in range(count)]
    frames = dict(_key_frames(path, times, longest))
    if len(frames) < min(FEWEST, count) and length < 60:
        frames = dict(_nearest(path, times, longest))
    return sorted(frames.items())


def _key_frames(path: Path, times: list[float], longest: int) -> Iterator[tuple[float, Bytes]]:
    """Yield the key frame at or before each time."""
    shrink = _shrinker(longest)
    with open_video(path) as (container, stream):
        if stream.time_base is None:
            return
        yielded = set()
        for seconds in times:
            container.seek(int(Fraction(seconds) / stream.time_base), stream=stream)
            frame = next(container.decode(stream), None)
            if frame is not None and frame.pts not in yielded:
                yielded.add(frame.pts)
                yield float(frame.time or 0), shrink(frame)


def _nearest(path: Path, times: list[float], longest: int) -> Iterator[tuple[float, Bytes]]:
    """Yield the first frame at or after each time, by decoding all frames."""
    shrink, due = _shrinker(longest), list(times)
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            now = float(frame.time or 0)
            if due and now >= due[0] - 1e-6:
                due = [seconds for seconds in due if seconds > now]
                yield now, shrink(frame)


def _shrinker(longest: int) -> Callable[[VideoFrame], Bytes]:
    reformatter = VideoReformatter()  # shared, as it caches swscale's tables
    return lambda frame: to_rgb(
        frame, reformatter, small_size((frame.height, frame.width), longest)
    )
