"""A film's frames on their way to the disk: pending frames, twin segments and checkpoints."""

import time
from collections.abc import Mapping
from typing import Any

from dreamvid.film.engine import Frame
from dreamvid.media.video.colour import Planes, samples
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.segments import TwinSegments
from dreamvid.media.video.transfer import PendingFrames
from dreamvid.render.work import checkpoint
from dreamvid.render.work.checkpoint import Checkpoint
from dreamvid.render.work.encoding import chunk_length
from dreamvid.render.work.folder import RenderFolder
from dreamvid.render.work.poster import Choose, Poster
from dreamvid.render.work.verify import damaged_segment

CHECKPOINT_SECONDS = 60.0  # what a crash may cost at most, beside the frame being dreamed


class SegmentedRender:
    """Encoder of a film of `count` frames, `at_once` chunks at a time, with checkpoints."""

    def __init__(
        self,
        folder: RenderFolder,
        encoding: Encoding,
        *,
        dither: bool,
        count: int,
        resumed: Checkpoint,
        choose: Choose,
        at_once: int,
    ) -> None:
        self.frame = self._first = resumed.frame
        self._folder, self._encoding, self._dither, self._count = folder, encoding, dither, count
        self._length = chunk_length(encoding)
        self._pending = PendingFrames(resumed.pending)  # frames that no segment holds yet
        self._segments = TwinSegments(folder.work, encoding, at_once)
        self._started = self._saved = time.monotonic()
        self._seconds = resumed.seconds  # spent in earlier runs
        self._digests = dict(resumed.segments)
        self._choose, self._poster = choose, resumed.poster

    def __enter__(self) -> "SegmentedRender":
        self._segments.__enter__()
        if self.frame.index + 1 == self._count and self._pending:
            last = (self.frame.index // self._length,)
            if damaged_segment(self._folder.work, self._digests, last, self._encoding.kind):
                self._submit()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._segments.__exit__(*exception)

    @property
    def checkpoint(self) -> Checkpoint:
        """The latest frame, and the frames that no segment holds yet."""
        return self._checkpoint(self.frame, tuple(self._pending), self._poster)

    def add(self, frame: Frame) -> None:
        """Take the next frame, and encode the chunk that it fills; raises an encoder's error."""
        self.frame = frame
        self._poster = self._choose(self._poster, frame)
        if frame.index >= 0:
            self._pending.send(samples(frame.image, self._encoding.pixel_format, self._dither))
        last = frame.index + 1 == self._count
        if self._pending and (len(self._pending) == self._length or last):
            self._submit()
        self._segments.check()

    def keep(self, *, now: bool = False) -> None:
        """Write a checkpoint if CHECKPOINT_SECONDS have passed since the last, or `now`."""
        due = now or time.monotonic() - self._saved > CHECKPOINT_SECONDS
        if due and (self._pending or self.frame.index < 0):
            self._wait_and_save()

    def rescue(self) -> None:
        """Write a checkpoint of the latest frame, where the next one has failed."""
        if self._pending and self.frame is not self._first:
            self._wait_and_save()

    def _wait_and_save(self) -> None:
        self._segments.wait()  # a checkpoint speaks for every segment before it
        self._save(self.frame, tuple(self._pending), self._poster)

    def _submit(self) -> None:
        """Hand the pending frames to the encoder; a checkpoint is saved once they are encoded."""
        frame, pending, poster = self.frame, self._pending, self._poster
        # A longer film goes on from a last chunk that is not full, so its frames are kept too.
        short = tuple(pending) if len(pending) < self._length else ()
        number = frame.index // self._length

        def save(digests: Mapping[str, str]) -> None:
            self._digests |= digests
            self._save(frame, short, poster)

        self._segments.submit(number, pending, save)
        self._pending = PendingFrames()

    def _save(self, frame: Frame, pending: tuple[Planes, ...], poster: Poster | None) -> None:
        self._folder.check()
        checkpoint.save(self._checkpoint(frame, pending, poster), self._folder.checkpoint)
        self._saved = time.monotonic()

    def _checkpoint(
        self, frame: Frame, pending: tuple[Planes, ...], poster: Poster | None
    ) -> Checkpoint:
        seconds = self._seconds + time.monotonic() - self._started
        return Checkpoint(frame, pending, seconds, dict(self._digests), poster)
