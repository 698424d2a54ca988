"""Worker process: takes orders from a pipe, dreams, and reports pictures."""

import io
import time
from collections import deque
from multiprocessing.connection import Connection

from PIL import Image as PilImage

from dreamvid.errors import DreamvidError, PresetError
from dreamvid.image import to_bytes
from dreamvid.preset.load import check
from dreamvid.render.preview import shrink
from dreamvid.studio.protocol import FRAME, PAST
from dreamvid.studio.session.messages import (
    Built,
    Film,
    Go,
    NotBuilt,
    Order,
    Picture,
    Position,
    SeekTo,
)
from dreamvid.studio.session.player import Player
from dreamvid.system.device import pick

WIDTH = 256  # pixels of the preview
QUALITY = 85  # of the JPEGs


class Worker:
    """Loop of the process: orders between two frames, a frame while it plays."""

    def __init__(self, pipe: Connection, device: str) -> None:
        self.pipe, self.player = pipe, Player(pick(device))
        self.playing, self.revision = False, 0
        self.times: deque[float] = deque(maxlen=24)

    def run(self) -> None:
        """Work until the pipe is closed."""
        while True:
            try:
                waiting = not self.playing
                while waiting or self.pipe.poll():
                    waiting = False
                    self._obey(self.pipe.recv())
            except EOFError:
                return
            if self.playing:
                self._advance()

    def _obey(self, order: Order) -> None:
        match order:
            case Film():
                self._load(order)
            case Go(to="play"):
                self.playing = self.player.job is not None
            case Go(to="pause"):
                self.playing = False
            case Go(to="step") if self.player.job:
                self.playing = False
                self._advance()
            case Go(to="restart") if self.player.job:
                self.player.restart()
                self._show(FRAME)
            case SeekTo() if self.player.seek(order.frame):
                self.playing = False
                self._show(PAST)
        self._tell()

    def _load(self, film: Film) -> None:
        try:
            preset = shrink(check(film.table), film.width or WIDTH)
            again = self.player.load(preset, restart=film.restart)
        except DreamvidError as error:
            option = error.option if isinstance(error, PresetError) else None
            self.pipe.send(NotBuilt(film.revision, option, str(error)))
            return
        self.revision = film.revision
        assert self.player.job
        resolved = self.player.job.preset
        assert resolved.start.size
        width, height = resolved.start.size
        count, fps = resolved.video.count, float(resolved.video.rate)
        settings = (f"start.size={width}x{height}", f"dream.octaves={resolved.dream.octaves}")
        auto = film.width is None
        self.pipe.send(Built(film.revision, width, height, count, fps, auto, film.draft, settings))
        if again:
            self._show(FRAME)

    def _advance(self) -> None:
        try:
            self.player.advance()
        except StopIteration:
            self.playing = False
        except DreamvidError as error:
            self.playing = False
            self.pipe.send(NotBuilt(self.revision, None, str(error)))
        else:
            self.times.append(time.monotonic())
            self._show(FRAME)
        self._tell()

    def _show(self, kind: int) -> None:
        frame = self.player.frame
        assert frame
        file = io.BytesIO()
        PilImage.fromarray(to_bytes(frame.image)).save(file, "JPEG", quality=QUALITY)
        self.pipe.send(Picture(kind, frame.index, self.revision, file.getvalue()))

    def _tell(self) -> None:
        ring, frame = self.player.ring, self.player.frame
        times = self.times
        rate = (len(times) - 1) / max(1e-6, times[-1] - times[0]) if len(times) > 1 else 0.0
        index = frame.index if frame else -1
        self.pipe.send(Position(self.playing, index, ring.first, ring.last, rate, rate))


def main(pipe: Connection, device: str) -> None:
    """Run the worker in a process of its own."""
    Worker(pipe, device).run()
