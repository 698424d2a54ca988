"""Presentation times of any film: of a video file, of an animated WebP, of a folder of pictures."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from dreamvid.errors import VideoError
from dreamvid.media.footage.frame_rate import FASTEST, SLOWEST, constant_rate, grid_rate, usual_rate
from dreamvid.media.footage.frame_times import FrameTimes, read_frame_times
from dreamvid.media.footage.pictures import PictureFilm, files_of, open_pictures

PICTURES_RATE = Fraction(24)
"""Frames a second of pictures in files of their own, unless a rate is asked for."""


def read_film_times(path: Path, fps: Fraction | None = None) -> FrameTimes:
    """Read the times of a film's frames, and its first frame; cached while its files are unchanged.

    Args:
        fps: rate of pictures in files of their own, which have none; None: PICTURES_RATE. Other
            films' times are their own.

    Raises VideoError.
    """
    try:
        state = tuple((file, file.stat()) for file in files_of(path))
    except OSError:
        return read_frame_times(path)  # raises the right error
    times = _of_pictures(path, tuple((file, s.st_mtime_ns, s.st_size) for file, s in state))
    if times is None:
        return read_frame_times(path)
    if fps is None or not times.pictures_alone:
        return times
    return replace(times, tick=1 / fps, rate=fps, seconds=len(times.ticks) / fps)


@lru_cache(maxsize=4)  # a render reads its clip's size, rate, first frame and all frames
def _of_pictures(path: Path, state: tuple[tuple[Path, int, int], ...]) -> FrameTimes | None:
    film = open_pictures(path)
    return _times_of(path, film) if film else None


def _times_of(path: Path, film: PictureFilm) -> FrameTimes:
    tick, ticks = film.tick or 1 / PICTURES_RATE, film.ticks
    first = next(film.read(0), None)
    if first is None:
        raise VideoError(f"{path}: holds no frame that can be decoded")
    average = (len(ticks) - 1) / (ticks[-1] * tick) if ticks[-1] else PICTURES_RATE
    return FrameTimes(
        ticks=ticks,
        keys=(),
        numbered=False,
        tick=tick,
        rate=min(max(_rate(ticks, tick, average), SLOWEST), FASTEST),
        seconds=film.end * tick,
        first=first[1],
        pixel_aspect=Fraction(1),
        sound=False,
        pictures=film,
    )


def _rate(ticks: Sequence[int], tick: Fraction, average: Fraction) -> Fraction:
    """Find the rate of frames shown at `ticks`.

    Durations of whole milliseconds fit their own average best, which is seldom what was meant; and
    encoders make one frame of equal ones.
    """
    usual = usual_rate(average)
    if constant := constant_rate(ticks, tick, [usual]) or constant_rate(ticks, tick, [average]):
        return constant
    shortest = usual_rate(1 / (min(b - a for a, b in pairwise(ticks)) * tick))
    return grid_rate(ticks, tick, [shortest]) or usual
