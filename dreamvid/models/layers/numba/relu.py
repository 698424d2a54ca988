"""What is kept of a rectified activation for the way back: a byte of each number, if it passed.

A convolution with fixed weights needs nothing of its input on the way back, and a rectifier only
what it let through: a quarter of the memory that the activation takes, and less to read.
"""

from typing import no_type_check

import numpy as np
import torch
from torch import Tensor

from dreamvid.models.layers import numba as native
from dreamvid.models.layers.numba import (
    Kernel,
    floats,
    job_at,
    laid_out,
    next_share,
    octets,
)

PLACES, NUMBERS = 64, 2**14  # in a share
ZERO = np.float32(0)

takes = native.takes


def passed(y: Tensor, most: float) -> Tensor:
    """(N, C, H, W) -> where 0 < y < most, or y is no number, as bytes, channels last.

    Args:
        most: infinity, which itself passes, for none.
    """
    found = torch.empty(y.shape, dtype=torch.uint8, memory_format=torch.channels_last)
    _passed(y=laid_out(y), found=found, most=most, count=y.numel())
    return found


def before(slope: Tensor, passed: Tensor, first: int, channels: int) -> Tensor:
    """The slope at some channels of what was rectified -> that before, by itself."""
    batch, wide, height, width = slope.shape
    shape = torch.Size((batch, channels, height, width))
    found = torch.empty(shape, memory_format=torch.channels_last)
    _before(
        slope=laid_out(slope),
        passed=passed,
        found=found,
        places=batch * height * width,
        channels=channels,
        first=first,
        wide=wide,
    )
    return found.to(slope.dtype)


@no_type_check
def _each_passed(pointer):
    job = job_at(pointer)
    y, found, most = floats(job.y), octets(job.found), np.float32(job.most)
    limited = job.most < np.inf
    share = next_share(pointer)
    while share * NUMBERS < job.count:
        for number in range(share * NUMBERS, min((share + 1) * NUMBERS, job.count)):
            sinks = (y[number] <= ZERO) | (limited & (y[number] >= most))
            found[number] = not sinks
        share = next_share(pointer)


@no_type_check
def _each_before(pointer):
    job = job_at(pointer)
    slope, passed, found = floats(job.slope), octets(job.passed), floats(job.found)
    share = next_share(pointer)
    while share * PLACES < job.places:
        for place in range(share * PLACES, min((share + 1) * PLACES, job.places)):
            here, there = place * job.channels, place * job.wide + job.first
            for channel in range(job.channels):
                asked = slope[there + channel]
                found[here + channel] = asked if passed[there + channel] else ZERO
        share = next_share(pointer)


_passed = Kernel(_each_passed, y=np.int64, found=np.int64, most=np.float64, count=np.int64)
_before = Kernel(
    _each_before,
    slope=np.int64,
    passed=np.int64,
    found=np.int64,
    places=np.int64,
    channels=np.int64,
    first=np.int64,
    wide=np.int64,
)
