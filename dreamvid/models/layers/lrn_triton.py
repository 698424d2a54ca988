"""Local response normalisation on an NVIDIA GPU: one kernel there and one back.

`lrn.py` has the formulas. As plain operations each is a pass over the activation; here it is read
once from the GPU's memory, and computed in float32 whatever its type.

Channels lie last, and are taken as groups of four: a lane of a kernel has one group of one place,
which it loads at once, and the groups before and after it, which lie in the cache already. That
is all it needs: of a group's neighbours' neighbours, the farthest is four channels away.

`no_type_check` is for our tests: what checks types there would hide a kernel from Triton.
"""

from __future__ import annotations

from functools import cache
from typing import no_type_check

import torch
from torch import Tensor

from dreamvid.models.layers.lrn_plain import ALPHA, SIZE
from dreamvid.models.layers.reference_mode import in_reference_mode

try:
    import triton
    import triton.language as tl
except ImportError:  # there is none for Windows and macOS
    triton = tl = None

TYPES = torch.float16, torch.bfloat16, torch.float32
MOST_CHANNELS = 256
BLOCK, WARPS = 256, 4  # groups of a program: two for each thread, so that loads overlap

if triton is None:
    _kernel = lambda function: function
else:  # once for all sizes of picture
    _kernel = triton.jit(do_not_specialize=["places"])


def takes(x: Tensor) -> bool:
    if triton is None or in_reference_mode() or x.device.type != "cuda":
        return False
    return x.dtype in TYPES and x.ndim == 4 and x.shape[1] <= MOST_CHANNELS and _runs(x.device)


@cache
def _runs(device: torch.device) -> bool:
    """Triton wants a C compiler, and a GPU that is not too old for it."""
    try:
        forward(torch.ones(1, 4, 1, 1, device=device))
    except Exception:  # of many kinds, and the plain way is there
        return False
    return True


def forward(x: Tensor) -> Tensor:
    """(N, C, H, W) -> y of the same shape, channels last."""
    return _run(_forward, x)


def backward(slope: Tensor, x: Tensor, rectified: bool = False) -> Tensor:
    """The slope at y -> that at x, channels last."""
    return _run(_backward, x, slope, RECTIFIED=rectified)


def _run(kernel, *tensors: Tensor, **constants: bool) -> Tensor:
    last = torch.channels_last
    tensors = tuple(tensor.contiguous(memory_format=last) for tensor in tensors)
    found = torch.empty_like(tensors[0], memory_format=last)
    channels = found.shape[1]
    places, groups = found.numel() // channels, -(-channels // 4)
    programs = -(-places // (BLOCK // groups))
    with torch.cuda.device_of(found):
        kernel[(programs,)](
            *tensors,
            found,
            places,
            channels,
            groups,
            ALPHA / SIZE,
            BLOCK,
            **constants,
            num_warps=WARPS,
        )
    return found


@_kernel
@no_type_check
def _forward(
    x,
    y,
    places,
    CHANNELS: tl.constexpr,
    GROUPS: tl.constexpr,
    SHARE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    first, lanes, channels, inside = _lanes(places, CHANNELS, GROUPS, BLOCK)
    before, here, after = _groups(x + first, lanes, channels, inside, CHANNELS)
    scale = _scale(before, here, after, SHARE)
    _, power = _powers(scale)
    tl.store(y + first + lanes, here * power, mask=inside & (channels < CHANNELS))


@_kernel
@no_type_check
def _backward(
    x,
    slope,
    found,
    places,
    CHANNELS: tl.constexpr,
    GROUPS: tl.constexpr,
    SHARE: tl.constexpr,
    BLOCK: tl.constexpr,
    RECTIFIED: tl.constexpr,
):
    first, lanes, channels, inside = _lanes(places, CHANNELS, GROUPS, BLOCK)
    before, here, after = _groups(x + first, lanes, channels, inside, CHANNELS)
    asked_before, asked, asked_after = _groups(slope + first, lanes, channels, inside, CHANNELS)
    # Of the outer two, only the channels next to `here` are looked at: theirs are right.
    none = tl.zeros_like(here)
    _, pull_before = _slopes(asked_before, before, _scale(none, before, here, SHARE))
    direct, pull = _slopes(asked, here, _scale(before, here, after, SHARE))
    _, pull_after = _slopes(asked_after, after, _scale(here, after, none, SHARE))
    pulled = _over_neighbours(pull_before, pull, pull_after)
    total = direct - (2 * 0.75 * SHARE) * here * pulled
    if RECTIFIED:
        total = tl.where(here > 0, total, 0.0)
    tl.store(found + first + lanes, total, mask=inside & (channels < CHANNELS))


@_kernel
@no_type_check
def _lanes(places, CHANNELS: tl.constexpr, GROUPS: tl.constexpr, BLOCK: tl.constexpr):
    """This program's first number, and of each lane: offset from it, channels, if it has a place.

    A program takes as many whole places as fit. Only its first number can be past 2^31.
    """
    most = BLOCK // GROUPS
    first = tl.program_id(0).to(tl.int64) * most
    lane = tl.arange(0, BLOCK)[:, None]
    place = lane // GROUPS
    channels = lane % GROUPS * 4 + tl.arange(0, 4)[None, :]
    inside = place < tl.minimum(places - first, most)
    return first * CHANNELS, place * CHANNELS + channels, channels, inside


@_kernel
@no_type_check
def _groups(values, lanes, channels, inside, CHANNELS: tl.constexpr):
    """The group before each lane's, the lane's and the one after; zero where no channel is."""
    values += lanes
    before = tl.load(values - 4, mask=inside & (channels >= 4), other=0)
    here = tl.load(values, mask=inside & (channels < CHANNELS), other=0)
    after = tl.load(values + 4, mask=inside & (channels < CHANNELS - 4), other=0)
    return before.to(tl.float32), here.to(tl.float32), after.to(tl.float32)


@_kernel
@no_type_check
def _scale(before, here, after, SHARE: tl.constexpr):
    return 1 + SHARE * _over_neighbours(before * before, here * here, after * after)


@_kernel
@no_type_check
def _slopes(slope, x, scale):
    """What reaches x by y directly, and what each scale is asked for."""
    root, power = _powers(scale)
    direct = slope * power
    return direct, direct * x * (root * root)


@_kernel
@no_type_check
def _powers(scale):
    """scale ** -0.5 and ** -0.75, which GPUs have instructions for."""
    root = tl.rsqrt(scale)
    return root, root * tl.sqrt(root)


@_kernel
@no_type_check
def _over_neighbours(before, here, after):
    """Groups -> of each channel of `here`: the sum of SIZE = 5 around it."""
    _, _, a, b = _four(before)
    c, d, e, f = _four(here)
    g, h, _, _ = _four(after)
    bc, de, fg = b + c, d + e, f + g
    even = tl.join(a + bc + de, c + de + fg)
    odd = tl.join(bc + de + f, de + fg + h)
    return tl.reshape(tl.join(even, odd), here.shape)


@_kernel
@no_type_check
def _four(group):
    """(lanes, 4) -> each column."""
    even, odd = tl.split(tl.reshape(group, group.shape[0], 2, 2))
    a, c = tl.split(even)
    b, d = tl.split(odd)
    return a, b, c, d
