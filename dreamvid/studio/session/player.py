"""Player: dreams frame after frame of a film whose preset may change between two frames."""

from contextlib import ExitStack
from typing import Any

import torch

from dreamvid.errors import DreamvidError
from dreamvid.film.engine import Frame, Step
from dreamvid.film.job import Job, build
from dreamvid.film.kept import Kept
from dreamvid.image import Image
from dreamvid.preset.schema import Preset
from dreamvid.render.batch.worker import WarmModel
from dreamvid.studio.session.ring import BYTES, Ring

STARTS = ("seed", "start", "loop")
"""Tables and options that change the start picture or the lead-in: the film begins again."""


class Player:
    """Film that is dreamed while its preset changes.

    A frame depends on the preset and on the frame before alone, so that a film goes on with
    another preset as a render does that is resumed. The end of a loop depends on its lead-in too,
    which is dreamed first.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.ring = device, Ring(BYTES)
        self.job: Job | None = None
        self.frame: Frame | None = None
        self._model, self._kept, self._stack = WarmModel(), Kept(), ExitStack()
        self._step: Step | None = None
        self._lead: dict[int, Image] = {}

    @property
    def next(self) -> int:
        """Index of the frame that is dreamed next, below 0 in the lead-in of a loop."""
        return self.frame.index + 1 if self.frame else 0

    @property
    def over(self) -> bool:
        """True after the film's last frame."""
        return self.job is not None and self.next >= self.job.preset.video.count

    def load(self, preset: Preset, *, restart: bool) -> bool:
        """Take a preset from the next frame on; True where the film begins again.

        Raises DreamvidError, and the film before goes on.
        """
        job = build(preset, self.device, load_model=self._model.load, kept=self._kept)
        before = self.job
        again = restart or before is None or _start_of(job) != _start_of(before)
        self.job = job
        try:
            if again:
                self.restart()
            else:
                self._enter(self._lead)
        except DreamvidError:  # footage that has become unreadable
            self.job = before
            if before:
                self._enter(self._lead)
            raise
        return again

    def restart(self) -> None:
        """Begin again at the start picture."""
        assert self.job
        self._enter({})
        self.ring, self.frame = Ring(BYTES), self.job.start

    def seek(self, index: int) -> bool:
        """Continue from a frame of the ring; False where it is not there any more."""
        frame = self.ring.get(index)
        if frame is None:
            return False
        self.frame = frame
        return True

    def dreams(self, index: int) -> bool:
        """Test whether a frame is dreamed, not only moved."""
        return self.job is not None and index % self.job.preset.dream.every == 0

    def advance(self) -> Frame:
        """Dream the next frame; raises DreamvidError."""
        assert self.frame and self._step
        self.frame = self._step(self.frame)
        if self.frame.index >= 0:
            self.ring.add(self.frame)
        return self.frame

    def close(self) -> None:
        """Close the files of footage and masks."""
        self._stack.close()

    def _enter(self, lead: dict[int, Image]) -> None:
        assert self.job
        self._stack.close()
        self._step = self._stack.enter_context(self.job.steps(lead))
        self._lead = lead


def _start_of(job: Job) -> list[Any]:
    table = job.preset.model_dump(mode="json")
    return [table[name] for name in STARTS]
