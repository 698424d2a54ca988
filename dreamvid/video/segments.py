"""Twin segments: each chunk of the film encoded forward and reversed while the next one fills.

Joined, the forward files in order and the reversed ones in reverse order are the two
films: one render, no second decode, and never more than two chunks in memory. Where every
picture is a key picture one file is enough: its packets are put in reverse order.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from dreamvid.video.codecs import CODECS, YUV420, Codec
from dreamvid.video.colour import Planes
from dreamvid.video.writer import Encoding, encode, join


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

    def submit(self, number: int, frames: list[Planes], then: Callable[[], None]) -> None:
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

    def _encode(self, number: int, frames: list[Planes], then: Callable[[], None]) -> None:
        encoding, suffix = self._encoding, self._encoding.kind.segment
        encode(frames, self._folder / _forward(number, suffix), encoding)
        if not encoding.kind.intra:
            encode(reversed(frames), self._folder / _reverse(number, suffix), encoding)
        then()


def join_forward(folder: Path, count: int, film: Path, encoding: Encoding) -> None:
    """The film of chunks 0 to count - 1; raises what `join` raises."""
    join(forward_files(folder, count, encoding.kind), film, encoding.fps)


def join_reverse(folder: Path, count: int, film: Path, encoding: Encoding) -> None:
    """The same film backwards; raises what `join` raises."""
    if encoding.kind.intra:
        join(forward_files(folder, count, encoding.kind), film, encoding.fps, backwards=True)
    else:
        join(reverse_files(folder, count, encoding.kind), film, encoding.fps)


def forward_files(folder: Path, count: int, codec: Codec = CODECS["h264"]) -> list[Path]:
    """The forward film's segments, chunks 0 to count - 1, in playing order."""
    return [folder / _forward(number, codec.segment) for number in range(count)]


def reverse_files(folder: Path, count: int, codec: Codec = CODECS["h264"]) -> list[Path]:
    """The reversed film's segments in playing order, the last chunk first; none of intra."""
    return [folder / _reverse(number, codec.segment) for number in reversed(range(count))]


def chunk_frames(
    size: tuple[int, int],
    fps: Fraction,
    budget_bytes: int = 256 * 2**20,
    *,
    pixel_bytes: float = YUV420.pixel_bytes,
) -> int:
    """Frames in a chunk: a second's, or as many as leave two chunks within the budget.

    Args:
        size: (height, width), even.
        pixel_bytes: of a frame that waits; the form's.
    """
    frame_bytes = round(size[0] * size[1] * pixel_bytes)
    return max(1, min(round(fps), budget_bytes // (2 * frame_bytes)))


def _forward(number: int, suffix: str) -> str:
    return f"f{number:06d}{suffix}"


def _reverse(number: int, suffix: str) -> str:
    return f"r{number:06d}{suffix}"
