"""Twin segments: each chunk of the film encoded forward and reversed while the next one fills.

Joined, the forward files in order and the reversed ones in reverse order are the two
films: one render, no second decode, and few chunks in memory. Where every picture is a key
picture one file is enough: its packets are put in reverse order.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from dreamvid.media.video.codecs import CODECS, YUV420, Codec
from dreamvid.media.video.colour import Planes
from dreamvid.media.video.writer import Encoding, encode, join


class TwinSegments:
    """Encodes chunks in threads of its own, and tells of them in the order they come.

    Leaving the block waits for the last chunk and raises its error. When the block itself
    failed, its error wins; the chunks that were handed over are still finished.

    Args:
        at_once: files that are encoded at a time. Two of them are a chunk; while so many chunks
            are encoded, one fills.
    """

    def __init__(self, folder: Path, encoding: Encoding, at_once: int = 1) -> None:
        self._folder = folder
        self._encoding = encoding
        self._encoders = ThreadPoolExecutor(at_once, thread_name_prefix="encoder")
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self._room = max(1, at_once // 2)
        self._chunks: deque[Future[None]] = deque()  # handed over, oldest first

    def __enter__(self) -> "TwinSegments":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._encoders.shutdown(wait=True)
        self._keeper.shutdown(wait=True)
        if error is None:
            self.wait()

    def submit(self, number: int, frames: Sequence[Planes], then: Callable[[], None]) -> None:
        """Hand over chunk `number`; once all files up to it are on the disk, `then` is called.

        Waits for room, and raises the error of a chunk before. From then on the frames are
        ours: fill others. `then` runs in another thread.
        """
        self.make_room()
        before = self._chunks[-1] if self._chunks else None
        ways = (False,) if self._encoding.kind.intra else (False, True)
        files = [self._encoders.submit(self._encode, number, frames, way) for way in ways]
        self._chunks.append(self._keeper.submit(_finish, files, before, then))

    def make_room(self) -> None:
        """Until another chunk may be handed over; raises the error of one before."""
        while len(self._chunks) >= self._room:
            self._chunks[0].result()
            self._chunks.popleft()

    def wait(self) -> None:
        """Until all chunks handed over are on the disk; raises the first one's error."""
        for chunk in self._chunks:
            chunk.result()

    def check(self) -> None:
        """Raise the error of a chunk handed over, if one has one by now."""
        for chunk in self._chunks:
            if chunk.done():
                chunk.result()

    def _encode(self, number: int, frames: Sequence[Planes], backwards: bool) -> None:
        name = (_reverse if backwards else _forward)(number, self._encoding.kind.segment)
        wanted = reversed(frames) if backwards else frames
        encode(wanted, self._folder / name, self._encoding)


def _finish(
    files: list[Future[None]], before: Future[None] | None, then: Callable[[], None]
) -> None:
    """Call `then`, which speaks for all chunks so far: not where one before this has failed.

    There is one thread for this, so that it is called in order.
    """
    for waited_for in (before, *files):
        if waited_for is not None:
            waited_for.result()
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

    Where several encoders work there are more of them, but no shorter ones: the same film is
    the same on any machine.

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
