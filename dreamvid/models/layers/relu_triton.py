"""Bias and rectifier of a convolution on an NVIDIA GPU, in one pass, into their place in a whole.

cuDNN's convolution leaves torch to add the bias, to rectify and to join branches: three passes
over what is read from memory faster than it is computed. Here they are one, and so is the way
back, which takes a branch's slope out of the whole. `activation.py` has the plain way.

`no_type_check` is for our tests: what checks types there would hide a kernel from Triton.
"""

from __future__ import annotations

from functools import cache
from typing import Any, no_type_check

import torch
from torch import Tensor

from dreamvid.models.layers.reference_mode import in_reference_mode

try:
    import triton
    import triton.language as tl
except ImportError:  # there is none for Windows and macOS
    triton = tl = None

TYPES = torch.float16, torch.bfloat16, torch.float32
PLACES, LANES = 32, 64  # of a program; each thread has eight channels of two places

_kernel = (lambda function: function) if triton is None else triton.jit


def takes(x: Tensor) -> bool:
    if triton is None or in_reference_mode() or x.device.type != "cuda" or x.dtype not in TYPES:
        return False
    return _is_right(x.device)


@cache
def _is_right(device: torch.device) -> bool:
    """Triton wants a C compiler, and a GPU that is not too old for it."""
    part = torch.arange(-4.0, 8.0, device=device).view(1, 2, 2, 3)
    whole = torch.zeros(1, 3, 2, 3, device=device).to(memory_format=torch.channels_last)
    bias = torch.tensor([1.0, -2.0], device=device)
    try:
        rectify(part, bias, whole, 1, 6.0)
        expected = (part + bias[:, None, None]).clamp(0, 6)
        back = slope_before(whole, whole, 1, 2, 6.0)
        wanted = expected * (expected < 6)
        return torch.equal(whole[:, 1:], expected) and torch.equal(back, wanted)
    except Exception:  # of many kinds, and the plain way is there
        return False


def rectify(part: Tensor, bias: Tensor, whole: Tensor, first: int, most: float) -> None:
    """whole[:, first : first + C] becomes part + bias, kept within 0 and `most`.

    Args:
        part: (N, C, H, W); may be the whole, which is then changed in place.
        bias: (C,).
        whole: (N, more, H, W), channels last.
    """
    channels, wide = part.shape[1], whole.shape[1]
    _run(_rectify, channels, whole, _last(part), bias, whole, first, wide, most)


def slope_before(slope: Tensor, y: Tensor, first: int, channels: int, most: float) -> Tensor:
    """The slope at `channels` of what was rectified, from `first` on -> that before; by itself."""
    batch, wide, height, width = y.shape
    shape, last = (batch, channels, height, width), torch.channels_last
    found = torch.empty(shape, dtype=slope.dtype, device=slope.device, memory_format=last)
    _run(_slope, channels, y, _last(slope), _last(y), found, first, wide, most)
    return found


def _run(kernel, channels: int, like: Tensor, *arguments: Any) -> None:
    places = like.shape[0] * like.shape[2] * like.shape[3]
    programs = -(-places // PLACES), -(-channels // LANES)
    with torch.cuda.device_of(like):
        kernel[programs](*arguments, places, channels, PLACES, LANES)


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


@_kernel
@no_type_check
def _rectify(
    part,
    bias,
    whole,
    FIRST: tl.constexpr,
    WIDE: tl.constexpr,
    MOST: tl.constexpr,
    places,
    CHANNELS: tl.constexpr,
    PLACES: tl.constexpr,
    LANES: tl.constexpr,
):
    place, channel, inside = _mine(places, CHANNELS, PLACES, LANES)
    value = tl.load(part + place * CHANNELS + channel, mask=inside).to(tl.float32)
    value += tl.load(bias + channel, mask=channel < CHANNELS).to(tl.float32)
    value = tl.where(value < 0, 0.0, value)  # what is no number stays
    value = tl.where(value > MOST, MOST, value)
    tl.store(whole + place * WIDE + FIRST + channel, value, mask=inside)


@_kernel
@no_type_check
def _slope(
    slope,
    y,
    found,
    FIRST: tl.constexpr,
    WIDE: tl.constexpr,
    MOST: tl.constexpr,
    places,
    CHANNELS: tl.constexpr,
    PLACES: tl.constexpr,
    LANES: tl.constexpr,
):
    place, channel, inside = _mine(places, CHANNELS, PLACES, LANES)
    there = place * WIDE + FIRST + channel
    value = tl.load(y + there, mask=inside).to(tl.float32)
    asked = tl.load(slope + there, mask=inside).to(tl.float32)
    sinks = value <= 0  # as torch: what is no number passes
    if float("inf") > MOST:
        sinks = sinks | (value >= MOST)
    tl.store(found + place * CHANNELS + channel, tl.where(sinks, 0.0, asked), mask=inside)


@_kernel
@no_type_check
def _mine(places, CHANNELS: tl.constexpr, PLACES: tl.constexpr, LANES: tl.constexpr):
    """This program's places, (PLACES, 1), its channels, (1, LANES), and which of both there are."""
    place = (tl.program_id(0).to(tl.int64) * PLACES + tl.arange(0, PLACES))[:, None]
    channel = (tl.program_id(1) * LANES + tl.arange(0, LANES))[None, :]
    return place, channel, (place < places) & (channel < CHANNELS)
