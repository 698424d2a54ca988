"""Player: dreams frame after frame of a film whose preset may change between two frames."""

from contextlib import ExitStack
from typing import Any

import torch

from dreamvid.film.engine import Frame, Step
from dreamvid.film.job import Job, build
from dreamvid.image import Image
from dreamvid.preset.schema import Preset
from dreamvid.render.batch.worker import WarmModel
from dreamvid.studio.session.ring import Ring

STARTS = ("seed", "start", "loop")
"""Tables and options that change the start picture: the film begins again."""


class Player:
    """Film that is dreamed while its preset changes.

    A frame depends on the preset and on the frame before alone, so that a film goes on with
    another preset as a render does that is resumed.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.ring = device, Ring()
        self.job: Job | None = None
        self.frame: Frame | None = None
        self._model, self._stack = WarmModel(), ExitStack()
        self._step: Step | None = None
        self._lead: dict[int, Image] = {}

    def load(self, preset: Preset, *, restart: bool) -> bool:
        """Take a preset from the next frame on; True where the film begins again.

        Raises DreamvidError, and the film before goes on.
        """
        job = build(preset, self.device, load_model=self._model.load)
        again = restart or self.job is None or _start_of(job) != _start_of(self.job)
        self.job = job
        if again:
            self.restart()
        else:
            self._enter()
        return again

    def restart(self) -> None:
        """Begin again at the start picture."""
        assert self.job
        self.ring, self._lead, self.frame = Ring(), {}, self.job.start
        self._enter()

    def seek(self, index: int) -> bool:
        """Continue from a frame of the ring; False where it is not there any more."""
        frame = self.ring.get(index)
        if frame is None:
            return False
        self.frame = frame
        return True

    def advance(self) -> Frame:
        """Dream the next frame; raises DreamvidError, and StopIteration past the last one."""
        assert self.job and self.frame and self._step
        if self.frame.index + 1 >= self.job.preset.video.count:
            raise StopIteration
        self.frame = self._step(self.frame)
        if self.frame.index >= 0:
            self.ring.add(self.frame)
        return self.frame

    def close(self) -> None:
        self._stack.close()

    def _enter(self) -> None:
        assert self.job
        self._stack.close()
        self._step = self._stack.enter_context(self.job.steps(self._lead))


def _start_of(job: Job) -> list[Any]:
    table = job.preset.model_dump(mode="json")
    return [table[name] for name in STARTS]
