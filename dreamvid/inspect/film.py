"""Measures over a film, which is read once, frame after frame, in little memory."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

from dreamvid.image import Bytes
from dreamvid.inspect.flicker import change_between, make_flicker
from dreamvid.inspect.measures import Measures, measure
from dreamvid.media.clip import Pictures

MOST, PAIRS = 600, 60
"""Frames of a film that are measured, and pairs of neighbours, evenly spread over a longer one."""


@dataclass(frozen=True)
class Pair:
    """Difference of a frame from the one before."""

    frame: int
    flicker: float | None  # beside the motion; None at a cut
    change: float  # of the frames as they are


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """Measures of a film over time."""

    size: tuple[int, int]  # (height, width)
    fps: Fraction
    frames: int
    moments: dict[int, Measures]  # by frame, in order; at least one
    pairs: tuple[Pair, ...]  # in order; none in a film of one frame
    seam: float | None  # a loop's: change from its last frame to its first, over that of others

    @property
    def seconds(self) -> float:
        """Length of the film."""
        return float(self.frames / self.fps)


def inspect_film(
    film: Pictures,
    *,
    loop: bool = False,
    most: int = MOST,
    pairs: int = PAIRS,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Inspection:
    """Measure a film; raises VideoError.

    Args:
        loop: its end leads to its beginning, so that it has a seam.
        most: frames that are measured, and `pairs` of neighbours, at most.
        on_progress: called with the share done, 0 to 1.
    """
    due, paired = spread(0, film.count, most), spread(1, film.count, pairs)
    flicker = make_flicker()
    moments: dict[int, Measures] = {}
    compared: list[Pair] = []
    first: Bytes | None = None
    before: Bytes | None = None
    with closing(film.read()) as frames:
        for number, frame in enumerate(frames):
            first = frame if first is None else first
            if number in due:
                moments[number] = measure(frame)
            if number in paired and before is not None:
                change = change_between(before, frame)
                compared.append(Pair(number, flicker(before, frame), change))
            before = frame
            on_progress((number + 1) / film.count)
    seam = None
    if loop and compared and first is not None and before is not None:
        usual = sum(pair.change for pair in compared) / len(compared)
        seam = change_between(before, first) / max(usual, 1e-3)
    return Inspection(
        size=film.size,
        fps=film.fps,
        frames=film.count,
        moments=moments,
        pairs=tuple(compared),
        seam=seam,
    )


def spread(first: int, end: int, most: int) -> set[int]:
    """Choose at most `most` numbers from first to end - 1, evenly spread, both included."""
    count = min(most, end - first)
    if count < 2:
        return set(range(first, end)[:count])
    return {first + round(n * (end - 1 - first) / (count - 1)) for n in range(count)}
