"""Parts of a step that films of both kinds share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch

from dreamvid.dream.colour import Palette, keep_colours
from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import dream
from dreamvid.film.engine import frame_rng
from dreamvid.film.masking import Masking
from dreamvid.film.palettes import Palettes
from dreamvid.film.score import ScoreAt
from dreamvid.film.settings_at import ascent_at, grade_at
from dreamvid.film.stall import StallDetector
from dreamvid.film.timeline import Timeline
from dreamvid.image import Image
from dreamvid.preset.schema import Preset
from dreamvid.schedule.moment import Moment


@dataclass(frozen=True)
class Parts:
    """Everything a film's step needs; built once for a film."""

    preset: Preset  # resolved
    timeline: Timeline
    score_at: ScoreAt
    device: torch.device
    masking: Masking = field(default_factory=Masking)
    palettes: Palettes = field(default_factory=Palettes)

    @cached_property
    def stall(self) -> StallDetector:
        return StallDetector(self.preset)

    def dreamed(
        self, image: Image, moment: Moment, ascent: Ascent | None = None, mask: Mask | None = None
    ) -> Image:
        """Dream on an image inside the mask only, by `ascent` or else the settings of the moment.

        Raises DreamvidError where dreams have changed nothing for many frames.
        """
        ascent = ascent or ascent_at(self.preset.dream, moment)
        score = self.score_at(moment, image)
        if score is None or not ascent.steps or not ascent.step_size:
            return image
        result = dream(image, score, ascent, rng=self.rng(moment), mask=mask)
        self.stall.check(moment.frame, image, result, ascent, mask)
        # Pixels of small octaves are large, so that their dream reaches beyond the mask.
        return result if mask is None else torch.where(mask > 0, result, image)

    def rng(self, moment: Moment) -> torch.Generator:
        """Make the generator of a frame; that of the first one for `same_jitter`."""
        index = 0 if self.preset.dream.same_jitter else moment.frame
        return frame_rng(self.preset.seed, index)

    def graded(self, image: Image, own: Callable[[], Palette], moment: Moment) -> Image:
        """Move an image to the colours to keep at a moment; `own` are the start's."""
        if self.preset.colour.keep == "none":
            return image
        grade = grade_at(self.preset.colour, moment)
        return keep_colours(image, self.palettes.goal(own, grade, moment), grade)

    def dreams(self, index: int) -> bool:
        """Test whether a frame is dreamed, not only moved."""
        return index % self.preset.dream.every == 0

    def fade(self, index: int) -> float:
        """Compute the opacity of the latest dream: 1 just before the next one."""
        every = self.preset.dream.every
        return (index % every + 1) / every
