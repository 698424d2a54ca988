"""The largest of each 3x3 places, channels last, and the way back; `pooling.py` has the plain way.

Of each maximum is kept where in its window it was, 0 to 8, in reading order. On the way back every
number is gathered from the windows that it was in, so no two threads write to one place.
"""

from typing import no_type_check

import numpy as np
import torch
from torch import Tensor

from dreamvid.models.layers import numba as native
from dreamvid.models.layers import windows
from dreamvid.models.layers.numba import (
    Kernel,
    floats,
    job_at,
    laid_out,
    next_share,
    octets,
    within,
)

SIDE, NOWHERE = windows.SIDE, np.uint8(windows.NOWHERE)
ZERO, LEAST = np.float32(0), np.float32(-np.inf)

SHAPES = dict.fromkeys(
    ("count", "channels", "height", "width", "rows", "columns", "stride", "padding"), np.int64
)


def takes(x: Tensor) -> bool:
    return native.takes(x) and min(x.shape[-2:]) >= SIDE


def forward(
    x: Tensor, stride: int, padding: int, ceil_mode: bool, rectified: bool = False
) -> tuple[Tensor, Tensor]:
    """(N, C, H, W) -> (N, C, rows, columns) of the same type, and where, channels last.

    Args:
        rectified: nothing below 0; what is not above has no slope.
    """
    shape = windows.maxima(x.shape, stride, padding, ceil_mode)
    y = torch.empty(shape, memory_format=torch.channels_last)
    places = torch.empty(shape, dtype=torch.uint8, memory_format=torch.channels_last)
    shapes = _shapes(x.shape, places.shape, stride, padding)
    _forward(x=laid_out(x), y=y, places=places, rectified=rectified, **shapes)
    return y.to(x.dtype), places


def backward(slope: Tensor, places: Tensor, shape: torch.Size, stride: int, padding: int) -> Tensor:
    """The slope at the maxima -> that at an x of this shape, channels last."""
    found = torch.empty(shape, memory_format=torch.channels_last)
    shapes = _shapes(shape, places.shape, stride, padding)
    _backward(slope=laid_out(slope), found=found, places=places, **shapes)
    return found.to(slope.dtype)


def _shapes(large: torch.Size, small: torch.Size, stride: int, padding: int) -> dict[str, int]:
    sides = (*large, *small[2:], stride, padding)
    return dict(zip(SHAPES, sides, strict=True))


@within
@no_type_check
def _largest(x, there, y, places, here, channels, place, many):
    """The largest so far, against some places in a line."""
    for channel in range(channels):
        largest, where = y[here + channel], places[here + channel]
        for across in range(many):
            value = x[there + across * channels + channel]
            wins = (value > largest) | (value != value)  # as torch: what is no number wins
            largest = value if wins else largest
            where = np.uint8(place + across) if wins else where
        y[here + channel], places[here + channel] = largest, where


@within
@no_type_check
def _rectify(y, places, here, channels):
    for channel in range(channels):
        sinks = y[here + channel] <= ZERO
        y[here + channel] = ZERO if sinks else y[here + channel]
        places[here + channel] = NOWHERE if sinks else places[here + channel]


@no_type_check
def _there(pointer):
    """A share is a row of maxima."""
    job = job_at(pointer)
    x, y, places = floats(job.x), floats(job.y), octets(job.places)
    channels = job.channels
    share = next_share(pointer)
    while share < job.count * job.rows:
        picture, row = divmod(share, job.rows)
        top = row * job.stride - job.padding
        for column in range(job.columns):
            left = column * job.stride - job.padding
            here = (share * job.columns + column) * channels
            above, before = max(0, -top), max(0, -left)
            for channel in range(channels):
                y[here + channel] = LEAST
                places[here + channel] = np.uint8(SIDE * above + before)
            many = min(SIDE, job.width - left) - before
            for down in range(above, min(SIDE, job.height - top)):
                line = (picture * job.height + top + down) * job.width + left + before
                at, place = line * channels, SIDE * down + before
                # Either 3 or, at a side, 2; numbers themselves let the compiler write loops out.
                if many == 3:
                    _largest(x, at, y, places, here, channels, place, 3)
                else:
                    _largest(x, at, y, places, here, channels, place, 2)
            if job.rectified:
                _rectify(y, places, here, channels)
        share = next_share(pointer)


@within
@no_type_check
def _gather(slope, there, places, found, here, channels, place, stride, windows):
    """From some windows in a line, in each of which this place is `stride` further to the left."""
    for channel in range(channels):
        total = found[here + channel]
        for window in range(windows):
            at = there + window * channels + channel
            total += slope[at] if places[at] == np.uint8(place - stride * window) else ZERO
        found[here + channel] = total


@no_type_check
def _back(pointer):
    """A share is a row of the picture."""
    job = job_at(pointer)
    slope, found, places = floats(job.slope), floats(job.found), octets(job.places)
    channels, stride = job.channels, job.stride
    share = next_share(pointer)
    while share < job.count * job.height:
        picture, y = divmod(share, job.height)
        for x in range(job.width):
            here = (share * job.width + x) * channels
            for channel in range(channels):
                found[here + channel] = ZERO
            # Window `row` has this place at `down` where down = y + padding - stride * row.
            first, last = _windows(x + job.padding, stride, job.columns)
            across = x + job.padding - stride * first
            for row in range(*_windows(y + job.padding, stride, job.rows)):
                place = SIDE * (y + job.padding - stride * row) + across
                there = ((picture * job.rows + row) * job.columns + first) * channels
                if last - first == 3:
                    _gather(slope, there, places, found, here, channels, place, stride, 3)
                elif last - first == 2:
                    _gather(slope, there, places, found, here, channels, place, stride, 2)
                else:
                    _gather(slope, there, places, found, here, channels, place, stride, 1)
        share = next_share(pointer)


@within
@no_type_check
def _windows(at, stride, most):
    """Which windows have a place, counted with the padding: from, to."""
    return max(0, (at - SIDE) // stride + 1), min(most, at // stride + 1)


_forward = Kernel(_there, x=np.int64, y=np.int64, places=np.int64, rectified=np.int64, **SHAPES)
_backward = Kernel(_back, slope=np.int64, found=np.int64, places=np.int64, **SHAPES)
