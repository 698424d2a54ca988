"""A few of a film's frames, held in memory: enough to estimate how well it compresses."""

from contextlib import closing
from dataclasses import replace

from dreamvid.media.clip import Pictures

SPANS = 3  # evenly spread over the film
SPAN = 16  # consecutive frames, so that the cost of motion shows
BUDGET = 128 * 2**20  # bytes of all of them


def sample_frames(film: Pictures) -> Pictures:
    """Take spans of frames as a short, silent film; all frames of a short one.

    The film is read once.
    """
    height, width = film.size
    most = max(SPANS, BUDGET // (height * width * 3))
    numbers = _numbers(film.count, min(SPAN, most // SPANS))
    with closing(film.read()) as frames:
        sample = [frame.copy() for number, frame in enumerate(frames) if number in numbers]

    return replace(film, read=lambda: (frame for frame in sample), count=len(sample), sound=None)


def _numbers(count: int, span: int) -> set[int]:
    if count <= SPANS * span:
        return set(range(count))
    starts = [(2 * n + 1) * count // (2 * SPANS) - span // 2 for n in range(SPANS)]
    return {start + n for start in starts for n in range(span)}
