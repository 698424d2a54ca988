"""Whether a film still dreams: steps that change nothing, frame after frame, are told early."""

import torch

from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.settings import Ascent
from dreamvid.errors import DreamvidError
from dreamvid.film.timeline import schedules
from dreamvid.image import Image
from dreamvid.preset.schema import Preset

PATIENCE = 8  # dreamed frames without a change
ROUNDING = 2e-6  # what going through the octaves changes where the gradient is zero
FAINT = 0.01  # of 1/255 in all steps together: a dream that fades in or out, not a dead one
FLAT = 2 / 255  # between the darkest and the lightest sample of what shows nothing
BLACK = 0.01  # of a mask: where it lets nothing through


class Pulse:
    """Counts the frames whose dream was asked for and came to nothing.

    Not those that explain themselves: too small a step, a mask that is black, footage that
    shows a flat picture. Nor any of a film whose dream changes by a schedule: it may come back.
    """

    def __init__(self, preset: Preset) -> None:
        dream = preset.dream
        self._changes = bool(dream.tour) or any(schedules(dream))
        self._of_footage = preset.of_footage
        self._layers = " ".join(layer.name for layer in dream.layers)
        self._still: list[int] = []  # frames, in order

    def feel(
        self, frame: int, image: Image, result: Image, ascent: Ascent, mask: Mask | None
    ) -> None:
        """Raises DreamvidError once nothing has changed for too long.

        Args:
            image, result: before and after the dream.
        """
        if float((result - image).abs().amax()) > ROUNDING:
            self._still = []
        elif not self._explained(image, ascent, mask) and frame not in self._still:
            self._still.append(frame)
        if len(self._still) >= PATIENCE:
            raise DreamvidError(self._words(image))

    def _explained(self, image: Image, ascent: Ascent, mask: Mask | None) -> bool:
        if self._changes or abs(ascent.step_size) * ascent.steps < FAINT:
            return True
        if mask is not None and float(mask.amax()) < BLACK:
            return True
        darkest, lightest = torch.aminmax(image)
        return self._of_footage and float(lightest - darkest) < FLAT

    def _words(self, image: Image) -> str:
        nothing = f"the dream changes nothing since frame {self._still[0]}"
        if bool(((image - 0.5).abs() > 0.499).all()):
            cure = 'colour.keep = "spread", a smaller dream.step_size or another start'
            return f"{nothing}: all of the picture is white or black; try {cure}"
        by = f"the gradient of {self._layers}" if self._layers else "the gradient"
        cure = "try other dream.layers, another dream.objective or another start"
        return f"{nothing}: {by} is zero there; {cure}"
