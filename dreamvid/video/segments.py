"""Twin segments: each chunk of the film encoded forward and reversed while the next one fills.

Joined, the forward files in order and the reversed ones in reverse order are the two
films: one render, no second decode, and never more than two chunks in memory.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from dreamvid.video.colour import Yuv
from dreamvid.video.writer import Encoding, encode


class TwinSegments:
    """Encodes chunks in a thread of its own, one at a time, in the order they come.

    Leaving the block waits for the last chunk and raises its error. When the block itself
    failed, its error wins; the chunk that was handed over is still finished.
    """

    def __init__(self, folder: Path, encoding: Encoding) -> None:
        self._folder = folder
        self._encoding = encoding
        self._encoder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")
        self._chunk: Future[None] | None = None

    def __enter__(self) -> "TwinSegments":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._encoder.shutdown(wait=True)
        if error is None:
            self.wait()

    def submit(self, number: int, frames: list[Yuv], then: Callable[[], None]) -> None:
        """Hand over chunk `number`; once both its files are on the disk, `then` is called.

        Waits for the chunk before and raises its error. From then on the list is ours:
        fill a new one. `then` runs in the encoder's thread.
        """
        self.wait()
        self._chunk = self._encoder.submit(self._encode, number, frames, then)

    def wait(self) -> None:
        """Until the chunk handed over last is on the disk; raises its error."""
        if self._chunk is not None:
            self._chunk.result()

    def check(self) -> None:
        """Raise the error of the chunk handed over last, if it has one by now."""
        if self._chunk is not None and self._chunk.done():
            self._chunk.result()

    def _encode(self, number: int, frames: list[Yuv], then: Callable[[], None]) -> None:
        encode(frames, self._folder / _forward(number), self._encoding)
        encode(reversed(frames), self._folder / _reverse(number), self._encoding)
        then()


def forward_files(folder: Path, count: int) -> list[Path]:
    """The forward film's segments, chunks 0 to count - 1, in playing order."""
    return [folder / _forward(number) for number in range(count)]


def reverse_files(folder: Path, count: int) -> list[Path]:
    """The reversed film's segments in playing order: the last chunk first."""
    return [folder / _reverse(number) for number in reversed(range(count))]


def chunk_frames(size: tuple[int, int], fps: Fraction, budget_bytes: int = 256 * 2**20) -> int:
    """Frames in a chunk: a second's, or as many as leave two chunks within the budget.

    Args:
        size: (height, width), even.
    """
    frame_bytes = size[0] * size[1] * 3 // 2
    return max(1, min(round(fps), budget_bytes // (2 * frame_bytes)))


def _forward(number: int) -> str:
    return f"f{number:06d}.mp4"


def _reverse(number: int) -> str:
    return f"r{number:06d}.mp4"
