"""Local response normalisation on an NVIDIA GPU: one kernel forward and one backward.

`lrn_reference.py` has the formulas. As torch operations each is a pass over the activation; here
it is read from the GPU's memory once.

Channels lie last, in groups of four: a lane of a kernel has one group of one position, which it
loads at once, with the groups before and after it, which lie in the cache already. That is all it
needs: of a group's neighbours' neighbours, the farthest is four channels away.
"""

from typing import no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

from dreamvid.models.layers import triton as base
from dreamvid.models.layers.kernels import self_check
from dreamvid.models.layers.lrn_reference import ALPHA, SIZE
from dreamvid.models.layers.triton import channels_last

MAX_CHANNELS = 256
BLOCK, WARPS = 256, 4  # groups of a program: two for each thread, so that loads overlap

_kernel = triton.jit(do_not_specialize=["positions"])  # compiled once for all sizes of image


def supports(x: Tensor) -> bool:
    fits = x.ndim == 4 and x.shape[1] <= MAX_CHANNELS
    return base.supports(x) and fits and works(x.device)


@self_check("triton lrn")
def works(device: torch.device) -> bool:
    return bool(forward(torch.ones(1, 4, 1, 1, device=device)).isfinite().all())


def forward(x: Tensor) -> Tensor:
    """Normalise (N, C, H, W); the output is channels last."""
    return _run(_forward, x)


def backward(grad_output: Tensor, x: Tensor, after_relu: bool = False) -> Tensor:
    """Gradient at x, channels last; `after_relu` includes that of a ReLU whose output x is."""
    return _run(_backward, x, grad_output, AFTER_RELU=after_relu)


def _run(kernel, *tensors: Tensor, **constants: bool) -> Tensor:
    tensors = tuple(channels_last(tensor) for tensor in tensors)
    output = torch.empty_like(tensors[0], memory_format=torch.channels_last)
    channels = output.shape[1]
    positions, groups = output.numel() // channels, -(-channels // 4)
    programs = -(-positions // (BLOCK // groups))
    sizes = positions, channels, groups, ALPHA / SIZE, BLOCK
    with torch.cuda.device_of(output):
        kernel[(programs,)](*tensors, output, *sizes, **constants, num_warps=WARPS)
    return output


@_kernel
@no_type_check
def _forward(
    x,
    y,
    positions,
    CHANNELS: tl.constexpr,
    GROUPS: tl.constexpr,
    WEIGHT: tl.constexpr,
    BLOCK: tl.constexpr,
):
    first, lanes, channels, inside = _lanes(positions, CHANNELS, GROUPS, BLOCK)
    before, here, after = _load(x + first, lanes, channels, inside, CHANNELS)
    scale = _scale(before, here, after, WEIGHT)
    _, power = _powers(scale)
    tl.store(y + first + lanes, here * power, mask=inside & (channels < CHANNELS))


@_kernel
@no_type_check
def _backward(
    x,
    grad_output,
    grad_input,
    positions,
    CHANNELS: tl.constexpr,
    GROUPS: tl.constexpr,
    WEIGHT: tl.constexpr,
    BLOCK: tl.constexpr,
    AFTER_RELU: tl.constexpr,
):
    first, lanes, channels, inside = _lanes(positions, CHANNELS, GROUPS, BLOCK)
    before, here, after = _load(x + first, lanes, channels, inside, CHANNELS)
    grad_before, grad, grad_after = _load(grad_output + first, lanes, channels, inside, CHANNELS)
    # Of the outer groups only the channels next to `here` are used; their scales are complete.
    zero = tl.zeros_like(here)
    _, pull_before = _terms(grad_before, before, _scale(zero, before, here, WEIGHT))
    direct, pull = _terms(grad, here, _scale(before, here, after, WEIGHT))
    _, pull_after = _terms(grad_after, after, _scale(here, after, zero, WEIGHT))
    pulled = _over_neighbours(pull_before, pull, pull_after)
    total = direct - (2 * 0.75 * WEIGHT) * here * pulled
    if AFTER_RELU:
        total = tl.where(here > 0, total, 0.0)
    tl.store(grad_input + first + lanes, total, mask=inside & (channels < CHANNELS))


@_kernel
@no_type_check
def _lanes(positions, CHANNELS: tl.constexpr, GROUPS: tl.constexpr, BLOCK: tl.constexpr):
    """This program's first number; of each lane the offset from it, its channels, and a mask.

    A program takes as many whole positions as fit. Only its first number can be past 2^31.
    """
    most = BLOCK // GROUPS
    first = tl.program_id(0).to(tl.int64) * most
    lane = tl.arange(0, BLOCK)[:, None]
    position = lane // GROUPS
    channels = lane % GROUPS * 4 + tl.arange(0, 4)[None, :]
    inside = position < tl.minimum(positions - first, most)
    return first * CHANNELS, position * CHANNELS + channels, channels, inside


@_kernel
@no_type_check
def _load(values, lanes, channels, inside, CHANNELS: tl.constexpr):
    """Load the group before each lane's, the lane's and the one after; 0 past the channels."""
    values += lanes
    before = tl.load(values - 4, mask=inside & (channels >= 4), other=0)
    here = tl.load(values, mask=inside & (channels < CHANNELS), other=0)
    after = tl.load(values + 4, mask=inside & (channels < CHANNELS - 4), other=0)
    return before.to(tl.float32), here.to(tl.float32), after.to(tl.float32)


@_kernel
@no_type_check
def _scale(before, here, after, WEIGHT: tl.constexpr):
    return 1 + WEIGHT * _over_neighbours(before * before, here * here, after * after)


@_kernel
@no_type_check
def _terms(grad_output, x, scale):
    """The gradient at x directly through y, and that at the scale."""
    root, power = _powers(scale)
    direct = grad_output * power
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
    """Sum of the SIZE = 5 channels around each channel of `here`."""
    _, _, a, b = _columns(before)
    c, d, e, f = _columns(here)
    g, h, _, _ = _columns(after)
    bc, de, fg = b + c, d + e, f + g
    even = tl.join(a + bc + de, c + de + fg)
    odd = tl.join(bc + de + f, de + fg + h)
    return tl.reshape(tl.join(even, odd), here.shape)


@_kernel
@no_type_check
def _columns(group):
    """Split (lanes, 4) into its columns."""
    even, odd = tl.split(tl.reshape(group, group.shape[0], 2, 2))
    a, c = tl.split(even)
    b, d = tl.split(odd)
    return a, b, c, d
