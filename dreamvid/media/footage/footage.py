"""Reading of any film or sequence of pictures, as upright RGB frames at a constant rate.

Frame n is the one that the file shows n / fps seconds after its first.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from dreamvid.errors import VideoError
from dreamvid.image import Bytes
from dreamvid.media.footage.decoding import frames_from
from dreamvid.media.footage.deinterlace import deinterlaced
from dreamvid.media.footage.film_times import read_film_times
from dreamvid.media.footage.frame_times import FrameTimes
from dreamvid.media.footage.reader import to_rgb
from dreamvid.media.footage.span import WHOLE, Span, film_length
from dreamvid.media.images.background import WHITE


@dataclass(frozen=True, kw_only=True)
class FootageInfo:
    size: tuple[int, int]  # (height, width): upright, square pixels, even sides
    fps: Fraction
    frames: int  # of the span, at this fps
    seconds: Fraction  # duration of the file
    sound: bool


def probe_footage(path: Path, *, fps: Fraction | None = None, span: Span = WHOLE) -> FootageInfo:
    """Read a film's size, length and rate, at `fps` or at its own rate.

    A constant rate is exact; a variable one is rounded to a usual rate, 1 to 240. The whole file
    is read, one frame is decoded. Of a film cut short the whole frames count. Raises VideoError for
    no film, or one whose times are beyond the bounds of `film_length`.
    """
    times = read_film_times(path, fps)
    fps = times.rate if fps is None else fps
    return FootageInfo(
        size=even(upright_size(times.first, times.pixel_aspect)),
        fps=fps,
        frames=film_length(path, times, fps, span),
        seconds=times.seconds,
        sound=times.sound,
    )


def read_footage(
    path: Path,
    *,
    fps: Fraction,
    size: tuple[int, int] | None = None,
    first: int = 0,
    ahead: int = 4,
    background: str = WHITE,
    span: Span = WHOLE,
) -> Generator[Bytes, None, None]:
    """Yield film frames first, first + 1, ... up to the film's last, each (h, w, 3).

    Source frames are repeated or dropped for the rate. A repeated one may be the same array:
    treat frames as read-only. A thread decodes up to `ahead` frames ahead; it ends with the
    generator. Raises VideoError.

    Args:
        size: (height, width), cropped to that shape and scaled; None: `FootageInfo.size`.
        background: "#rrggbb" under transparent pixels.
        span: part of the film that is read; frame n is shown at second begin + n every / fps.
    """
    if fps <= 0 or first < 0 or ahead < 1:
        raise ValueError(f"fps {fps} and ahead {ahead} must be above 0, first {first} not below")
    times = read_film_times(path, fps)
    size = size or even(upright_size(times.first, times.pixel_aspect))
    converter = Converter(size, times.pixel_aspect, background)
    yield from _run_ahead(_shown(path, times, fps, first, span), converter, ahead)


def _shown(
    path: Path, times: FrameTimes, fps: Fraction, first: int, span: Span
) -> Generator[tuple[VideoFrame, int], None, None]:
    """Yield every decoded frame, and the number of film frames from `first` on that show it."""
    due, total, rate = first, film_length(path, times, fps, span), fps / span.every
    if due >= total:
        return
    held = None
    # A frame's deinterlacing depends on the one before it, so that one is read too.
    seconds = span.begin + first / rate
    shown = times.number_before(times.ticks[0] + math.floor(seconds / times.tick))
    earlier = times.seconds_at(times.ticks[max(0, shown - 1)])
    for frame, ticks in deinterlaced(frames_from(path, times, earlier)):
        if held is not None:
            seconds = times.seconds_at(ticks) - span.begin
            until = math.ceil((seconds - times.tolerance) * rate)  # the first of `frame`
            copies = max(0, min(until, total) - due)
            due += copies
            yield held, copies
            if due == total:
                return
        held = frame
    if held is None:
        raise VideoError(f"{path}: holds no frame that can be decoded")
    yield held, total - due


def _run_ahead(
    shown: Generator[tuple[VideoFrame, int], None, None],
    convert: Callable[[VideoFrame], Bytes],
    ahead: int,
) -> Generator[Bytes, None, None]:
    """Decode and convert in a thread that ends with this generator.

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
        except Exception as error:  # passed on to the consumer
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
    """Return (transposed, rows reversed, columns reversed), which make a stored frame upright.

    libav's display matrix a, b, 0, c, d, ... maps (x, y) to (a x + c y, b x + d y)
    (libavutil/display.h). Other angles are rounded to right ones.
    """
    matrix = display_matrix(frame)
    if matrix is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    return (True, b < 0, c < 0) if abs(b) > abs(a) else (False, d < 0, a < 0)


def display_matrix(frame: VideoFrame) -> bytes | None:
    # Not frame.side_data: it and the frame are a reference cycle, which keeps pixels until GC.
    matrix = SideDataContainer(frame).get(Type.DISPLAYMATRIX.name)  # type: ignore[call-arg]
    return None if matrix is None else bytes(matrix)


def upright_size(frame: VideoFrame, pixel_aspect: Fraction) -> tuple[int, int]:
    height, width = frame.height, max(1, round(frame.width * pixel_aspect))
    return (width, height) if _turn(frame)[0] else (height, width)


def even(size: tuple[int, int]) -> tuple[int, int]:
    height, width = (max(2, side - side % 2) for side in size)
    return height, width


class Converter:
    """Converter of one film's frames to upright RGB of one size, whatever size each has."""

    def __init__(
        self, size: tuple[int, int], pixel_aspect: Fraction, background: str = WHITE
    ) -> None:
        self.size = size
        self.pixel_aspect = pixel_aspect
        self.background = background
        self.reformatter = VideoReformatter()  # keeps swscale's tables

    def __call__(self, frame: VideoFrame) -> Bytes:
        transposed, rows_reversed, columns_reversed = _turn(frame)
        height, width = self._covering(upright_size(frame, self.pixel_aspect))
        size = (width, height) if transposed else (height, width)
        stored = to_rgb(frame, self.reformatter, size, self.background)
        upright = stored.transpose(1, 0, 2) if transposed else stored
        upright = upright[:: -1 if rows_reversed else 1, :: -1 if columns_reversed else 1]
        top, left = (height - self.size[0]) // 2, (width - self.size[1]) // 2
        middle = upright[top : top + self.size[0], left : left + self.size[1]]
        return np.ascontiguousarray(middle)

    def _covering(self, upright: tuple[int, int]) -> tuple[int, int]:
        """Return the smallest size that covers ours; only trimmed by a pixel: the frame's own."""
        if self.size == even(upright) and min(upright) > 1:
            return upright
        scale = max(self.size[0] / upright[0], self.size[1] / upright[1])
        height, width = (
            max(side, round(whole * scale)) for side, whole in zip(self.size, upright, strict=True)
        )
        return height, width
