"""How the gradient is shaped before it becomes a step: what makes dreams clean, not noisy."""

from typing import Annotated

from pydantic import Field

from dreamvid.options.base import Options, Scheduled, Share
from dreamvid.schedule.curve import Bounds


class ShapingOptions(Options):
    """Part of [dream]. The defaults are those of the 2015 program."""

    pyramid: Annotated[Scheduled, Bounds(ge=0, le=10, whole=True)] = Field(
        default=0, description="Laplacian levels the gradient is evened out over; 0: none"
    )
    decorrelate: Share = Field(
        default=0.0, description="share of the step taken in colours that photos have"
    )
