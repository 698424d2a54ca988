"""Filters that shape the direction of a step: what makes dreams clean instead of noisy.

SHAPERS is the one list of them, in the order they are applied; `ascend`, the recorded step and
the step on disk all loop over it. To add one, write a filter and name it here, with a field of
its name in `Ascent` and an option of its name in `preset/`. All are off in the 2015 look.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dreamvid.dream.frequency import by_frequency
from dreamvid.dream.gradient import grey, like_photos, unit_mean
from dreamvid.dream.settings import Ascent, active
from dreamvid.dream.smooth import blur_reach, cascade
from dreamvid.image import Image


@dataclass(frozen=True)
class Shaper:
    """A filter of the direction, scaled to a mean size of 1 afterwards.

    `filter(direction, amount)` must be linear in the direction, as the step on disk applies it
    before the direction is scaled. The amount is the value of the `Ascent` field.
    """

    filter: Callable[[Image, float], Image]
    blends: bool = False  # the amount is the filtered direction's share, the rest stays
    rows: Callable[[float], int] = lambda amount: 0  # above and below that a row depends on
    whole: str = ""  # why the filter needs the whole image, which the step on disk has not


SHAPERS: dict[str, Shaper] = {
    "frequency": Shaper(by_frequency, whole="waves of a whole picture cannot be weighed on disk"),
    "smooth": Shaper(cascade, rows=lambda sigma: blur_reach(2 * sigma)),
    "decorrelate": Shaper(lambda direction, share: like_photos(direction), blends=True),
    "luminance": Shaper(lambda direction, share: grey(direction), blends=True),
}


def shape(direction: Image, ascent: Ascent) -> Image:
    """Apply the active SHAPERS to a direction of mean size 1; the result's mean size is 1, too."""
    for shaper, amount in active(SHAPERS, ascent):
        filtered = shaper.filter(direction, amount)
        if shaper.blends:
            filtered = (1 - amount) * direction + amount * unit_mean(filtered)
        direction = unit_mean(filtered)
    return direction
