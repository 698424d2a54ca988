"""The flicker of a film against the motion of its source."""

from collections.abc import Sequence
from itertools import pairwise

from dreamvid.image import Bytes, Image
from dreamvid.motion.flow.estimate import Estimator
from dreamvid.motion.flow.reliability import flow_positions, reliable
from dreamvid.motion.resample import sample_bilinear


def flicker(frames: Sequence[Image], sources: Sequence[Bytes], estimate: Estimator) -> float:
    """Mean absolute difference of frames and their predecessors moved along the sources' flow.

    Pixels whose flow is not reliable are left out. 0 is a film whose pictures only move; the
    source itself has a little, from its noise and its light.

    Args:
        frames: the film, values in [0, 1].
        sources: the frames whose motion it should follow, of the same size and number.
    """
    if len(frames) != len(sources):
        raise ValueError(f"{len(frames)} frames of {len(sources)} sources")
    total = weight = 0.0
    for (old, new), (old_source, new_source) in zip(
        pairwise(frames), pairwise(sources), strict=True
    ):
        backward = estimate(new_source, old_source).to(new.device)
        mask = reliable(backward, estimate(old_source, new_source).to(new.device))
        difference = (new - sample_bilinear(old, flow_positions(backward))).abs().mean(1)[0]
        total += float((difference * mask).sum())
        weight += float(mask.sum())
    return total / weight if weight else 0.0
