"""Any film that libav reads, as a stream of upright RGB frames at a constant rate.

Frame n of the film is the one that the file shows n / fps seconds after its first.
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.image import Bytes
from dreamvid.media.video.frame_times import FrameTimes, open_film, read_frame_times
from dreamvid.media.video.reader import to_rgb


@dataclass(frozen=True, kw_only=True)
class FootageInfo:
    size: tuple[int, int]  # (height, width) as seen: upright, of square pixels, even sides
    fps: Fraction
    frames: int  # that the film has at this fps
    seconds: Fraction  # that the file lasts
    sound: bool


def probe_footage(path: Path, *, fps: Fraction | None = None) -> FootageInfo:
    """What a film will be at `fps`, or at its own rate.

    Its own rate is exact where the file's is constant; otherwise it is the usual rate that
    the average is nearest to, of 1 to 240. The whole file is read but only one frame is
    decoded. Raises VideoError for what is no film, or was cut short.
    """
    times = read_frame_times(path)
    fps = times.rate if fps is None else fps
    return FootageInfo(
        size=even(upright_size(times.first, times.pixel_aspect)),
        fps=fps,
        frames=_film_length(times, fps),
        seconds=times.seconds,
        sound=times.sound,
    )


def _film_length(times: FrameTimes, fps: Fraction) -> int:
    return max(1, math.floor(times.seconds * fps + Fraction(1, 2)))


def read_footage(
    path: Path,
    *,
    fps: Fraction,
    size: tuple[int, int] | None = None,
    first: int = 0,
    ahead: int = 4,
) -> Generator[Bytes, None, None]:
    """Yield film frames first, first + 1, ... up to the film's last, each (h, w, 3).

    A source frame is repeated or left out as the rate asks. A repeated one may be the same
    array: treat frames as read-only. A thread decodes up to `ahead` frames before they are
    taken; it ends with the generator. Raises VideoError.

    Args:
        size: (height, width): the middle of that shape is scaled to it; None: `FootageInfo.size`.
    """
    if fps <= 0 or first < 0 or ahead < 1:
        raise ValueError(f"fps {fps} and ahead {ahead} must be above 0, first {first} not below")
    times = read_frame_times(path)
    size = size or even(upright_size(times.first, times.pixel_aspect))
    converter = Converter(size, times.pixel_aspect)
    shown = _shown(path, times, fps, first)
    yield from _run_ahead(shown, converter, ahead)


def _shown(
    path: Path, times: FrameTimes, fps: Fraction, first: int
) -> Generator[tuple[VideoFrame, int], None, None]:
    """Every decoded frame, and for how many film frames from `first` on it is shown."""
    due, total = first, _film_length(times, fps)
    if due >= total:
        return
    held = None
    for frame, seconds in _timed(path, times, first / fps):
        if held is not None:
            until = math.ceil((seconds - times.tolerance) * fps)  # the first of `frame`
            copies = max(0, min(until, total) - due)
            due += copies
            yield held, copies
            if due == total:
                return
        held = frame
    if held is None:
        raise VideoError(f"{path}: holds no frame that can be decoded")
    yield held, total - due


def _timed(
    path: Path, times: FrameTimes, seconds: Fraction
) -> Iterator[tuple[VideoFrame, Fraction]]:
    """Decoded frames and their times, beginning at the latest with the one shown at `seconds`."""
    key = times.key_before(seconds)
    if key is not None and (key == times.ticks[0] or not _lands(path, key)):
        key = None
    with open_film(path) as (container, stream):
        if key is not None:
            container.seek(key, stream=stream)
        for number, frame in enumerate(_decode(path, container, stream)):
            if times.numbered:
                yield frame, times.seconds_at(times.ticks[min(number, times.last)])
            # What comes before the key frame leans on frames that were not read.
            elif frame.pts is not None and (key is None or frame.pts >= key):
                yield frame, times.seconds_at(frame.pts)


def _lands(path: Path, key: int) -> bool:
    """Whether seeking to the key frame finds it, or an earlier one."""
    with open_film(path) as (container, stream):
        container.seek(key, stream=stream)
        packet = next(container.demux(stream))
        return packet.is_keyframe and packet.pts is not None and packet.pts <= key


def _decode(path: Path, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    stream.thread_type = "AUTO"
    for packet in container.demux(stream):
        for frame in packet.decode():
            if frame.is_corrupt:
                raise VideoError(f"{path}: damaged, at {frame.time or 0:.2f} seconds")
            yield frame


def _run_ahead(
    shown: Generator[tuple[VideoFrame, int], None, None],
    convert: Callable[[VideoFrame], Bytes],
    ahead: int,
) -> Generator[Bytes, None, None]:
    """Decode and convert in a thread, which has ended when this generator has.

    Only libav and NumPy run in it: torch in two threads at once slows both.
    """
    queue: Queue[Bytes | Exception | None] = Queue(maxsize=ahead)
    stop = Event()

    def put(item: Bytes | Exception | None) -> bool:
        if not stop.is_set():
            queue.put(item)
        return stop.is_set()

    def work() -> None:
        end = None
        try:
            for frame, copies in shown:
                pixels = convert(frame) if copies else None
                if stop.is_set() or any(put(pixels) for _ in range(copies)):
                    break
        except Exception as error:  # of whatever kind: the consumer is told
            end = error
        finally:
            shown.close()
        put(end)

    thread = Thread(target=work, name="footage", daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stop.set()
        # The thread puts one item at most after this, and now there is room for it.
        while not queue.empty():
            queue.get_nowait()
        thread.join()


def _turn(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """(transposed, rows reversed, columns reversed): how the stored picture becomes upright.

    libav's display matrix takes (x, y) to (a x + c y, b x + d y), its numbers being a, b,
    0, c, d, ... (libavutil/display.h). Angles between right ones go to the nearest.
    """
    matrix = display_matrix(frame)
    if matrix is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    return (True, b < 0, c < 0) if abs(b) > abs(a) else (False, d < 0, a < 0)


def display_matrix(frame: VideoFrame) -> bytes | None:
    # Not frame.side_data: it and the frame hold each other, and its pixels until Python looks.
    matrix = SideDataContainer(frame).get(Type.DISPLAYMATRIX.name)  # type: ignore[call-arg]
    return None if matrix is None else bytes(matrix)


def upright_size(frame: VideoFrame, pixel_aspect: Fraction) -> tuple[int, int]:
    height, width = frame.height, max(1, round(frame.width * pixel_aspect))
    return (width, height) if _turn(frame)[0] else (height, width)


def even(size: tuple[int, int]) -> tuple[int, int]:
    height, width = (max(2, side - side % 2) for side in size)
    return height, width


class Converter:
    """Frames of one film to upright RGB of one size, whatever size each is stored in."""

    def __init__(self, size: tuple[int, int], pixel_aspect: Fraction) -> None:
        self.size = size
        self.pixel_aspect = pixel_aspect
        self.reformatter = VideoReformatter()  # one for all: it keeps swscale's tables

    def __call__(self, frame: VideoFrame) -> Bytes:
        transposed, rows_reversed, columns_reversed = _turn(frame)
        height, width = self._covering(upright_size(frame, self.pixel_aspect))
        stored = to_rgb(frame, self.reformatter, (width, height) if transposed else (height, width))
        upright = stored.transpose(1, 0, 2) if transposed else stored
        upright = upright[:: -1 if rows_reversed else 1, :: -1 if columns_reversed else 1]
        top, left = (height - self.size[0]) // 2, (width - self.size[1]) // 2
        middle = upright[top : top + self.size[0], left : left + self.size[1]]
        return np.ascontiguousarray(middle)

    def _covering(self, upright: tuple[int, int]) -> tuple[int, int]:
        """The least size that covers ours; an odd picture of which ours is the rest is kept."""
        if self.size == even(upright) and min(upright) > 1:
            return upright
        scale = max(self.size[0] / upright[0], self.size[1] / upright[1])
        height, width = (
            max(side, round(whole * scale)) for side, whole in zip(self.size, upright, strict=True)
        )
        return height, width
