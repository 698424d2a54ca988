"""Stall detection: a film whose dreams change nothing, frame after frame, is stopped early."""

import torch

from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.settings import Ascent
from dreamvid.errors import DreamvidError
from dreamvid.image import Image
from dreamvid.preset.schedules import schedules
from dreamvid.preset.schema import Preset

PATIENCE = 8  # dreamed frames without a change
ROUNDING = 2e-6  # change by resampling through the octaves alone, with zero gradient
FAINT = 0.01  # of 1/255 in all steps together: a dream that fades in or out
FLAT = 2 / 255  # range of values of an image that shows nothing
BLACK = 0.01  # largest value of a mask that hides everything


class StallDetector:
    """Counter of frames in a row whose dream changed nothing.

    Frames with an explanation do not count: a tiny step, a black mask, footage of one colour.
    Nor do those of a film whose dream changes by a schedule: it may come back.
    """

    def __init__(self, preset: Preset) -> None:
        dream = preset.dream
        self._changes = bool(dream.tour) or any(schedules(dream))
        self._of_footage = preset.of_footage
        self._layers = " ".join(layer.name for layer in dream.layers)
        self._still: list[int] = []  # frames, in order

    def check(
        self, frame: int, image: Image, result: Image, ascent: Ascent, mask: Mask | None
    ) -> None:
        """Raise DreamvidError after PATIENCE frames in a row whose dream changed nothing."""
        if float((result - image).abs().amax()) > ROUNDING:
            self._still = []
        elif not self._explained(image, ascent, mask) and frame not in self._still:
            self._still.append(frame)
        if len(self._still) >= PATIENCE:
            raise DreamvidError(self._message(image))

    def _explained(self, image: Image, ascent: Ascent, mask: Mask | None) -> bool:
        if self._changes or abs(ascent.step_size) * ascent.steps < FAINT:
            return True
        if mask is not None and float(mask.amax()) < BLACK:
            return True
        darkest, lightest = torch.aminmax(image)
        return self._of_footage and float(lightest - darkest) < FLAT

    def _message(self, image: Image) -> str:
        nothing = f"the dream changes nothing since frame {self._still[0]}"
        if bool(((image - 0.5).abs() > 0.499).all()):
            cure = 'colour.keep = "spread", a smaller dream.step_size or another start'
            return f"{nothing}: all of the picture is white or black; try {cure}"
        by = f"the gradient of {self._layers}" if self._layers else "the gradient"
        cure = "try other dream.layers, another dream.objective or another start"
        return f"{nothing}: {by} is zero there; {cure}"
