"""The parts of a film with a hook around the work that is timed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from dreamvid.dream.colour import Palette
from dreamvid.dream.objectives.grid import Mask
from dreamvid.dream.settings import Ascent
from dreamvid.film.parts import Parts
from dreamvid.film.settings_at import ascent_at
from dreamvid.image import Image
from dreamvid.schedule.moment import Moment


@dataclass(frozen=True, kw_only=True)
class TimedParts(Parts):
    """Parts whose dreaming and colour correction each run inside a context of the caller's."""

    part: Callable[[str], AbstractContextManager[object]]  # called with "dream" or "colour"
    shorten: Callable[[Ascent], Ascent] = lambda ascent: ascent  # the ascent to take instead

    def dreamed(
        self, image: Image, moment: Moment, ascent: Ascent | None = None, mask: Mask | None = None
    ) -> Image:
        ascent = self.shorten(ascent or ascent_at(self.preset.dream, moment))
        with self.part("dream"):
            return super().dreamed(image, moment, ascent, mask)

    def graded(self, image: Image, own: Callable[[], Palette], moment: Moment) -> Image:
        with self.part("colour"):
            return super().graded(image, own, moment)
