"""Parts of a film's time that are shown, and their length in frames, which is bounded."""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from dreamvid.errors import VideoError
from dreamvid.media.footage.frame_times import FrameTimes

# A small file's times must not ask for endless work.
LONGEST_SHOWN = 600
"""Seconds that a film may show one picture."""


def most_frames(source: int) -> int:
    """Bound the length in frames of a film that shows `source` decoded pictures.

    Each may be shown a thousand times, and one of them for LONGEST_SHOWN at 60 frames a second.
    """
    return 1000 * source + 60 * LONGEST_SHOWN


@dataclass(frozen=True)
class Span:
    """Part of a film, in seconds from its first frame, of which each `every`-th frame is shown."""

    begin: Fraction = Fraction(0)
    end: Fraction | None = None  # None: the film's
    every: int = 1


WHOLE = Span()


def film_length(path: Path, times: FrameTimes, fps: Fraction, span: Span = WHOLE) -> int:
    """Count the frames of a film's span at a rate; raises VideoError for times beyond bounds.

    See LONGEST_SHOWN and `most_frames`.
    """
    end = times.seconds if span.end is None else min(span.end, times.seconds)
    ticks = [times.ticks[0] + math.ceil(at / times.tick) for at in (span.begin, end)]
    within = times.ticks[bisect_right(times.ticks, ticks[0]) : bisect_left(times.ticks, ticks[1])]
    for tick, following in pairwise([ticks[0], *within, ticks[1]]):
        if (following - tick) * times.tick > LONGEST_SHOWN + times.tick:
            raise VideoError(
                f"{path}: shows one picture for {float((following - tick) * times.tick):.0f} "
                f"seconds, from second {float(times.seconds_at(tick)):.0f} on, so its times are "
                f"damaged; at most {LONGEST_SHOWN} are read"
            )
    frames = max(1, math.floor((end - span.begin) * fps / span.every + Fraction(1, 2)))
    most = most_frames(len(times.ticks))
    if frames > most:
        raise VideoError(
            f"{path}: {len(times.ticks)} pictures would be {frames} frames at {float(fps):g} a "
            f"second, at most {most} are read; choose a lower rate"
        )
    return frames
