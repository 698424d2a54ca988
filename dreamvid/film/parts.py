"""What a step is made of, whatever kind of film it belongs to."""

from dataclasses import dataclass, field
from functools import cached_property

import torch

from dreamvid.dream.colour import Palette, keep_colours
from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import dream
from dreamvid.film.engine import frame_rng
from dreamvid.film.masking import Masking
from dreamvid.film.score import ScoreAt
from dreamvid.film.settings_at import ascent_at, grade_at
from dreamvid.film.stall import Pulse
from dreamvid.film.timeline import Timeline
from dreamvid.image import Image
from dreamvid.preset.schema import Preset
from dreamvid.schedule.moment import Moment


@dataclass(frozen=True)
class Parts:
    """Built once for a film."""

    preset: Preset  # resolved
    timeline: Timeline
    score_at: ScoreAt
    device: torch.device
    masking: Masking = field(default_factory=Masking)

    @cached_property
    def pulse(self) -> Pulse:
        return Pulse(self.preset)

    def dreamed(
        self,
        image: Image,
        moment: Moment,
        ascent: Ascent | None = None,
        mask: Mask | None = None,
    ) -> Image:
        """The picture dreamed on, by the settings of this moment, and only inside the mask.

        Raises DreamvidError where that has changed nothing for many frames.
        """
        ascent = ascent or ascent_at(self.preset.dream, moment)
        score = self.score_at(moment, image)
        if score is None or not ascent.steps or not ascent.step_size:
            return image
        result = dream(image, score, ascent, rng=self.rng(moment), mask=mask)
        self.pulse.feel(moment.frame, image, result, ascent, mask)
        # A small octave's dream reaches a little beyond the mask, as a pixel there is large.
        return result if mask is None else torch.where(mask > 0, result, image)

    def rng(self, moment: Moment) -> torch.Generator:
        """Of the moment's frame; of the first one where all frames are to be shifted alike."""
        index = 0 if self.preset.dream.same_jitter else moment.frame
        return frame_rng(self.preset.seed, index)

    def graded(self, image: Image, like: Palette, moment: Moment) -> Image:
        if self.preset.colour.keep == "none":
            return image
        return keep_colours(image, like, grade_at(self.preset.colour, moment))

    def dreams(self, index: int) -> bool:
        """Whether this frame is dreamed, or only moved."""
        return index % self.preset.dream.every == 0

    def fade(self, index: int) -> float:
        """How much of the latest dream a frame shows: all of it just before the next one."""
        every = self.preset.dream.every
        return (index % every + 1) / every
