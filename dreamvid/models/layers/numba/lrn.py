"""Local response normalisation, channels last: a place after the other, in one pass.

`models/lrn.py` has the formulas, in plain torch. A dozen operations over a whole activation wait
for memory a dozen times; here all that is computed of a place stays in the processor's cache.
"""

from typing import no_type_check

import numpy as np
import torch
from torch import Tensor

from dreamvid.models.layers import numba as native
from dreamvid.models.layers.lrn_plain import ALPHA, SIZE
from dreamvid.models.layers.numba import Kernel, floats, job_at, laid_out, next_share

ENDS = SIZE // 2
PLACES = 64  # in a share

ONE = np.float32(1)
EACH = np.float32(ALPHA / SIZE)
PULL = np.float32(-2 * 0.75 * ALPHA / SIZE)

takes = native.takes


def forward(x: Tensor) -> Tensor:
    """(N, C, H, W) -> y of the same shape, channels last."""
    single = laid_out(x)
    found = torch.empty_like(single)
    _forward(x=single, found=found, channels=x.shape[1], places=x.numel() // x.shape[1])
    return found.to(x.dtype)


def backward(slope: Tensor, x: Tensor, rectified: bool = False) -> Tensor:
    """The slope at y -> that at x, channels last."""
    single = laid_out(x)
    found = torch.empty_like(single)
    _backward(
        x=single,
        slope=laid_out(slope),
        found=found,
        rectified=rectified,
        channels=x.shape[1],
        places=x.numel() // x.shape[1],
    )
    return found.to(x.dtype)


@native.within
@no_type_check
def _sum(values, channel):
    """Over the neighbours around a channel."""
    total = values[channel]
    for other in range(1, SIZE):
        total += values[channel + other]
    return total


@no_type_check
def _there(pointer):
    job = job_at(pointer)
    x, found = floats(job.x), floats(job.found)
    channels = job.channels
    squares = np.zeros(channels + 2 * ENDS, np.float32)
    share = next_share(pointer)
    while share * PLACES < job.places:
        for place in range(share * PLACES, min((share + 1) * PLACES, job.places)):
            here = place * channels
            for channel in range(channels):
                squares[channel + ENDS] = x[here + channel] * x[here + channel]
            for channel in range(channels):
                scale = ONE + EACH * _sum(squares, channel)
                found[here + channel] = x[here + channel] / np.sqrt(scale * np.sqrt(scale))
        share = next_share(pointer)


@no_type_check
def _back(pointer):
    job = job_at(pointer)
    x, slope, found = floats(job.x), floats(job.slope), floats(job.found)
    channels = job.channels
    squares = np.zeros(channels + 2 * ENDS, np.float32)
    pulls = np.zeros(channels + 2 * ENDS, np.float32)
    share = next_share(pointer)
    while share * PLACES < job.places:
        for place in range(share * PLACES, min((share + 1) * PLACES, job.places)):
            here = place * channels
            for channel in range(channels):
                squares[channel + ENDS] = x[here + channel] * x[here + channel]
            for channel in range(channels):
                scale = ONE + EACH * _sum(squares, channel)
                direct = slope[here + channel] / np.sqrt(scale * np.sqrt(scale))
                found[here + channel] = direct
                pulls[channel + ENDS] = direct * x[here + channel] / scale
            for channel in range(channels):
                total = found[here + channel] + PULL * x[here + channel] * _sum(pulls, channel)
                sinks = job.rectified and x[here + channel] <= 0
                found[here + channel] = 0 if sinks else total
        share = next_share(pointer)


_forward = Kernel(_there, x=np.int64, found=np.int64, channels=np.int64, places=np.int64)
_backward = Kernel(
    _back,
    x=np.int64,
    slope=np.int64,
    found=np.int64,
    rectified=np.int64,
    channels=np.int64,
    places=np.int64,
)
