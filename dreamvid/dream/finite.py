"""Stop a dream that is no longer a number."""

import torch
from torch import Tensor

from dreamvid.errors import DreamvidError


def check_finite(image: Tensor) -> None:
    """Raise DreamvidError where a pixel is NaN or infinite: nothing good follows from it."""
    if not bool(torch.isfinite(image).all()):
        problem = "the dream is no longer a number (NaN)"
        raise DreamvidError(f"{problem}; try other dream.layers or a smaller dream.step_size")
