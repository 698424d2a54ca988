"""Screen: shows frames evenly in time, and the camera's motion between them, from a thread."""

import io
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image as PilImage

from dreamvid.film.engine import Frame
from dreamvid.film.grow import Between
from dreamvid.image import Image, to_bytes
from dreamvid.studio.protocol import BETWEEN, FRAME
from dreamvid.studio.session.messages import Picture

RATE = 24  # pictures a second, with those between two frames: more would slow the dreams
EARLY = 0.8  # of a period, after which a dream that is done is shown: waiting would waste time
QUALITY = 85  # of the JPEGs


@dataclass(frozen=True, eq=False)
class Shown:
    """Frame to be shown, and what carries on until the next one."""

    frame: Frame
    revision: int
    kind: int = FRAME
    period: float = 0.0  # seconds to the next frame
    shortest: float = 0.0  # the film's own
    dreamed: bool = True  # not moved only
    between: Between | None = None


class Screen:
    """Thread that encodes pictures and sends them when their time has come.

    `send` is called from that thread. An OSError from it ends the thread.
    """

    def __init__(self, send: Callable[[Picture], None]) -> None:
        self._send, self._change = send, threading.Condition()
        self._waiting: deque[Shown] = deque()
        self._now: Shown | None = None
        self._moving = self._closed = False
        self._since, self._part = 0.0, 0  # of the frame that is shown
        self._fault: Exception | None = None  # that has ended the thread
        self._times: deque[float] = deque(maxlen=2 * RATE)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, shown: Shown) -> None:
        """Show a frame after those that wait, and the motion from it on."""
        with self._change:
            self._waiting.append(shown)
            self._moving = True
            self._change.notify()

    def show(self, shown: Shown) -> None:
        """Show a frame at once, after those that wait, and stand still."""
        with self._change:
            self._waiting.append(shown)
            self._moving = False
            self._change.notify()

    def stop(self) -> None:
        """Show the frames that wait at once, and stand still.

        None is left out: the server has to know all that the next one depends on.
        """
        with self._change:
            self._moving = False
            self._change.notify()

    def drop_from(self, index: int) -> None:
        """Drop the frames from an index on that wait."""
        with self._change:
            kept = [shown for shown in self._waiting if shown.frame.index < index]
            self._waiting = deque(kept)

    @property
    def waiting(self) -> int:
        """Number of frames that wait; raises what has ended the thread, such as want of memory."""
        if self._fault:
            raise self._fault
        return len(self._waiting)

    @property
    def rate(self) -> float:
        """Pictures shown a second, in the last two seconds."""
        now = time.monotonic()
        return sum(now - then < 2 for then in list(self._times)) / 2

    def close(self) -> None:
        """End the thread."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(1)

    def _run(self) -> None:
        # The number of torch's threads stays: in one thread it is set for all, and frames change.
        try:
            while (shown := self._next()) is not None:
                self._show(*shown)
        except OSError:  # the server is gone; the worker will notice
            pass
        except Exception as error:
            self._fault = error

    def _next(self) -> tuple[Shown, float] | None:
        """Wait for a frame, or a share of the way to the next one, to show; None: closed."""
        with self._change:
            while not self._closed:
                now = time.monotonic()
                if self._waiting and now >= self._due():
                    return self._turn_to(self._waiting.popleft(), now), 0.0
                if (share := self._share(now)) is not None:
                    assert self._now
                    return self._now, share
                self._change.wait(self._pause(now))
            return None

    def _turn_to(self, shown: Shown, now: float) -> Shown:
        due = self._due()
        # A frame that is a little late does not delay those after it.
        self._since = due if self._now and now - due < shown.period / 2 else now
        self._now, self._part = shown, 0
        return shown

    def _due(self) -> float:
        """Compute the time of the next frame that waits."""
        if self._now is None or not self._waiting or not self._moving:
            return 0.0
        following = self._waiting[0]
        if following.revision != self._now.revision:  # whoever made a change waits for it
            return self._since + self._now.shortest
        period = self._now.period * (EARLY if following.dreamed else 1)
        return self._since + max(period, self._now.shortest)

    def _parts(self) -> int:
        """Count the pictures of a period; 1: nothing is shown between."""
        shown = self._now
        if shown is None or not self._moving or shown.between is None:
            return 1
        return max(1, round(shown.period * RATE))

    def _share(self, now: float) -> float | None:
        """Compute the share of the way that is to be shown now; None: nothing new."""
        parts = self._parts()
        if self._now is None or parts == 1:
            return None
        part = min(parts, int((now - self._since) / self._now.period * parts))
        if part <= self._part:
            return None
        self._part = part
        return part / parts

    def _pause(self, now: float) -> float | None:
        """Compute the seconds to the next event; None: until something is added."""
        times = [self._due()] if self._waiting else []
        parts = self._parts()
        if self._now and 1 < parts > self._part:
            times.append(self._since + (self._part + 1) * self._now.period / parts)
        return max(0.001, min(times) - now) if times else None

    def _show(self, shown: Shown, share: float) -> None:
        image = shown.frame.image
        if share:
            moved = self._moved(shown, share)
            if moved is None:
                return
            image = moved
        kind = BETWEEN if share else shown.kind
        picture = Picture(kind, max(-1, shown.frame.index), shown.revision, jpeg_of(image))
        with self._change:
            if share and self._now is not shown:  # something newer is to be shown meanwhile
                return
            self._times.append(time.monotonic())
        self._send(picture)

    def _moved(self, shown: Shown, share: float) -> Image | None:
        assert shown.between
        try:
            return shown.between(shown.frame, share)
        except Exception:  # a schedule without a value there: the step that needs it will tell
            return None


def jpeg_of(image: Image) -> bytes:
    """Encode an image as a JPEG."""
    file = io.BytesIO()
    PilImage.fromarray(to_bytes(image)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
