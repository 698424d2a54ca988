"""Twin segments: each chunk of a film is encoded forward and reversed while the next one fills.

The forward files joined in order, and the reversed files joined in reverse order, are the two
films: one render, no second decode, few chunks in memory. Intra-only codecs need one file: its
packets are put in reverse order.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Literal

from dreamvid.media.video.codecs import CODECS, YUV420, Codec
from dreamvid.media.video.colour import Planes
from dreamvid.media.video.writer import Encoding, encode, join
from dreamvid.system.digests import file_digest


class TwinSegments:
    """Encoder of chunks in threads, which reports them in the order of submission.

    Leaving the block waits for the last chunk and raises its error. An error of the block itself
    takes precedence; submitted chunks are still finished.

    Args:
        at_once: files encoded at a time, two for each chunk.
    """

    def __init__(self, folder: Path, encoding: Encoding, at_once: int = 1) -> None:
        self._folder = folder
        self._encoding = encoding
        self._encoders = ThreadPoolExecutor(at_once, thread_name_prefix="encoder")
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self._capacity = max(1, at_once // 2)
        self._chunks: deque[Future[None]] = deque()  # submitted, oldest first

    def __enter__(self) -> "TwinSegments":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._encoders.shutdown(wait=True)
        self._keeper.shutdown(wait=True)
        if error is None:
            self.wait()

    def submit(
        self, number: int, frames: Sequence[Planes], then: Callable[[Mapping[str, str]], None]
    ) -> None:
        """Encode chunk `number`, and call `then` once all files up to it are on the disk.

        Waits for capacity, and raises an earlier chunk's error. The caller must not change the
        frames afterwards. `then` runs in another thread, with the digests of the chunk's files by
        name.
        """
        self.make_room()
        before = self._chunks[-1] if self._chunks else None
        directions = (False,) if self._encoding.kind.intra else (False, True)
        files = [self._encoders.submit(self._encode, number, frames, b) for b in directions]
        self._chunks.append(self._keeper.submit(_finish, files, before, then))

    def make_room(self) -> None:
        """Wait until another chunk may be submitted; raises an earlier one's error."""
        while len(self._chunks) >= self._capacity:
            self._chunks[0].result()
            self._chunks.popleft()

    def wait(self) -> None:
        """Wait until all submitted chunks are on the disk; raises the first error."""
        for chunk in self._chunks:
            chunk.result()

    def check(self) -> None:
        """Raise the error of a submitted chunk that has failed by now."""
        for chunk in self._chunks:
            if chunk.done():
                chunk.result()

    def _encode(self, number: int, frames: Sequence[Planes], backwards: bool) -> tuple[str, str]:
        """Encode a file, and return its name and digest."""
        name = _name("r" if backwards else "f", number, self._encoding.kind)
        ordered = reversed(frames) if backwards else frames
        encode(ordered, self._folder / name, self._encoding)
        return name, file_digest(self._folder / name)


def _finish(
    files: list[Future[tuple[str, str]]],
    before: Future[None] | None,
    then: Callable[[Mapping[str, str]], None],
) -> None:
    """Wait for a chunk's files and the chunk before, then call `then`.

    One thread runs this, so that `then` is called in order, and never after a failed chunk.
    """
    if before is not None:
        before.result()
    then(dict(file.result() for file in files))


def join_forward(folder: Path, count: int, film: Path, encoding: Encoding) -> None:
    """Join chunks 0 to count - 1 into the forward film; raises as `join` does."""
    join(forward_files(folder, count, encoding.kind), film, encoding.fps)


def join_reverse(folder: Path, count: int, film: Path, encoding: Encoding) -> None:
    """Join chunks 0 to count - 1 into the reversed film; raises as `join` does."""
    if encoding.kind.intra:
        join(forward_files(folder, count, encoding.kind), film, encoding.fps, backwards=True)
    else:
        join(reverse_files(folder, count, encoding.kind), film, encoding.fps)


def forward_files(folder: Path, count: int, codec: Codec = CODECS["h264"]) -> list[Path]:
    """Return the forward film's segments, chunks 0 to count - 1, in playing order."""
    return [folder / _name("f", number, codec) for number in range(count)]


def reverse_files(folder: Path, count: int, codec: Codec = CODECS["h264"]) -> list[Path]:
    """Return the reversed film's segments in playing order, the last chunk first.

    Intra-only codecs have none.
    """
    return [folder / _name("r", number, codec) for number in reversed(range(count))]


def chunk_files(folder: Path, number: int, codec: Codec = CODECS["h264"]) -> list[Path]:
    """Return the files of one chunk: forward and, unless the codec is intra-only, reversed."""
    directions: tuple[Literal["f", "r"], ...] = ("f",) if codec.intra else ("f", "r")
    return [folder / _name(direction, number, codec) for direction in directions]


def chunk_frames(
    size: tuple[int, int],
    fps: Fraction,
    budget_bytes: int = 256 * 2**20,
    *,
    pixel_bytes: float = YUV420.pixel_bytes,
) -> int:
    """Return the frames in a chunk: a second's, or as many as fit twice into the budget.

    Independent of the number of encoders, so that a film is the same on any machine.
    """
    frame_bytes = round(size[0] * size[1] * pixel_bytes)
    return max(1, min(round(fps), budget_bytes // (2 * frame_bytes)))


def _name(direction: Literal["f", "r"], number: int, codec: Codec) -> str:
    return f"{direction}{number:06d}{codec.segment}"
