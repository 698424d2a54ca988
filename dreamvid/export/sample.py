"""A few of a film's pictures, kept in memory: enough to tell how well it compresses."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

from dreamvid.image import Bytes
from dreamvid.media.clip import Pictures

SPANS = 3  # places in the film that they are taken from, evenly spread
SPAN = 16  # pictures in a row, so that it shows what a moving picture costs
BUDGET = 128 * 2**20  # bytes of all of them


def sampled(pictures: Pictures) -> Pictures:
    """Some of the pictures as a short, silent film; all of them, if they are few.

    The film is read once.
    """
    height, width = pictures.size
    most = max(SPANS, BUDGET // (height * width * 3))
    wanted = _numbers(pictures.count, min(SPAN, most // SPANS))
    with closing(pictures.read()) as frames:
        kept = [frame.copy() for number, frame in enumerate(frames) if number in wanted]

    def read() -> Generator[Bytes, None, None]:
        yield from kept

    return replace(pictures, read=read, count=len(kept), sound=None)


def _numbers(count: int, span: int) -> set[int]:
    if count <= SPANS * span:
        return set(range(count))
    starts = [(2 * n + 1) * count // (2 * SPANS) - span // 2 for n in range(SPANS)]
    return {start + n for start in starts for n in range(span)}
