"""Pictures of a film over its length, found without decoding it all."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from dreamvid.image import Bytes
from dreamvid.media.video.reader import open_video, to_rgb
from dreamvid.monitor.thumbnail import small_size

FEWEST = 8  # key pictures at different places; a film with fewer is short, and decoded whole


def pictures_over(path: Path, *, count: int, longest: int) -> list[tuple[float, Bytes]]:
    """(seconds, picture) of at most `count` frames, in their order; raises VideoError.

    Args:
        longest: pixels of the longer side.
    """
    with open_video(path) as (container, stream):
        if stream.duration and stream.time_base:
            length = float(stream.duration * stream.time_base)
        else:  # Matroska and WebM say it of the whole file only, in microseconds
            length = (container.duration or 0) / 1e6
    wanted = [length * n / count for n in range(count)]
    found = dict(_key_pictures(path, wanted, longest))
    if len(found) < min(FEWEST, count) and length < 60:
        found = dict(_nearest(path, wanted, longest))
    return sorted(found.items())


def _key_pictures(path: Path, wanted: list[float], longest: int) -> Iterator[tuple[float, Bytes]]:
    """The key picture at or before each of the times."""
    shrink = _Shrinker(longest)
    with open_video(path) as (container, stream):
        if stream.time_base is None:
            return
        seen = set()
        for seconds in wanted:
            container.seek(int(Fraction(seconds) / stream.time_base), stream=stream)
            frame = next(container.decode(stream), None)
            if frame is not None and frame.pts not in seen:
                seen.add(frame.pts)
                yield float(frame.time or 0), shrink(frame)


def _nearest(path: Path, wanted: list[float], longest: int) -> Iterator[tuple[float, Bytes]]:
    """The first picture at or after each of the times, by decoding all."""
    shrink, due = _Shrinker(longest), list(wanted)
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            now = float(frame.time or 0)
            if due and now >= due[0] - 1e-6:
                due = [seconds for seconds in due if seconds > now]
                yield now, shrink(frame)


class _Shrinker:
    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.reformatter = VideoReformatter()  # one for all: it keeps swscale's tables

    def __call__(self, frame: VideoFrame) -> Bytes:
        size = small_size((frame.height, frame.width), self.longest)
        return to_rgb(frame, self.reformatter, size)
