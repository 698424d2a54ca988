"""Bias and ReLU of a convolution on an NVIDIA GPU, in one pass, written into a concatenation.

cuDNN's convolution leaves torch to add the bias, apply the ReLU and concatenate branches: three
passes over memory, which is slower than computing. Here they are one, and so is the backward pass,
which reads a branch's gradient out of the concatenation's. `activation.py` has the reference.
"""

from typing import Any, no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

from dreamvid.models.layers import triton as base
from dreamvid.models.layers.kernels import empty, self_check
from dreamvid.models.layers.triton import channels_last

POSITIONS, LANES = 32, 64  # of a program; each thread has eight channels of two positions


def supports(x: Tensor) -> bool:
    return base.supports(x) and works(x.device)


@self_check("triton relu")
def works(device: torch.device) -> bool:
    """Compare both kernels with torch on a few numbers."""
    x = torch.arange(-4.0, 8.0, device=device).view(1, 2, 2, 3)
    out = torch.zeros(1, 3, 2, 3, device=device).to(memory_format=torch.channels_last)
    bias = torch.tensor([1.0, -2.0], device=device)
    bias_relu(x, bias, out, 1, 6.0)
    expected = (x + bias[:, None, None]).clamp(0, 6)
    grad = backward(out, out, 1, 2, 6.0)
    return torch.equal(out[:, 1:], expected) and torch.equal(grad, expected * (expected < 6))


def bias_relu(x: Tensor, bias: Tensor, out: Tensor, first: int, limit: float) -> None:
    """Write relu(x + bias), at most `limit`, to out[:, first : first + C].

    Args:
        x: (N, C, H, W); may be `out`, which is then changed in place.
        bias: (C,).
        out: (N, C or more, H, W), channels last.
    """
    channels, out_channels = x.shape[1], out.shape[1]
    _run(_bias_relu, channels, out, channels_last(x), bias, out, first, out_channels, limit)


def backward(grad_output: Tensor, y: Tensor, first: int, channels: int, limit: float) -> Tensor:
    """Gradient before the ReLU, for `channels` of the output y from `first` on."""
    batch, out_channels, height, width = y.shape
    grad_input = empty((batch, channels, height, width), grad_output)
    tensors = channels_last(grad_output), channels_last(y), grad_input
    _run(_backward, channels, y, *tensors, first, out_channels, limit)
    return grad_input


def _run(kernel, channels: int, like: Tensor, *arguments: Any) -> None:
    positions = like.shape[0] * like.shape[2] * like.shape[3]
    programs = -(-positions // POSITIONS), -(-channels // LANES)
    with torch.cuda.device_of(like):
        kernel[programs](*arguments, positions, channels, POSITIONS, LANES)


@triton.jit
@no_type_check
def _bias_relu(
    x,
    bias,
    out,
    FIRST: tl.constexpr,
    OUT_CHANNELS: tl.constexpr,
    LIMIT: tl.constexpr,
    positions,
    CHANNELS: tl.constexpr,
    POSITIONS: tl.constexpr,
    LANES: tl.constexpr,
):
    position, channel, inside = _block(positions, CHANNELS, POSITIONS, LANES)
    value = tl.load(x + position * CHANNELS + channel, mask=inside).to(tl.float32)
    value += tl.load(bias + channel, mask=channel < CHANNELS).to(tl.float32)
    value = tl.where(value < 0, 0.0, value)  # NaN stays
    value = tl.where(value > LIMIT, LIMIT, value)
    tl.store(out + position * OUT_CHANNELS + FIRST + channel, value, mask=inside)


@triton.jit
@no_type_check
def _backward(
    grad_output,
    y,
    grad_input,
    FIRST: tl.constexpr,
    OUT_CHANNELS: tl.constexpr,
    LIMIT: tl.constexpr,
    positions,
    CHANNELS: tl.constexpr,
    POSITIONS: tl.constexpr,
    LANES: tl.constexpr,
):
    position, channel, inside = _block(positions, CHANNELS, POSITIONS, LANES)
    source = position * OUT_CHANNELS + FIRST + channel
    value = tl.load(y + source, mask=inside).to(tl.float32)
    grad = tl.load(grad_output + source, mask=inside).to(tl.float32)
    blocked = value <= 0  # NaN passes, as in torch
    if float("inf") > LIMIT:
        blocked = blocked | (value >= LIMIT)
    target = grad_input + position * CHANNELS + channel
    tl.store(target, tl.where(blocked, 0.0, grad), mask=inside)


@triton.jit
@no_type_check
def _block(positions, CHANNELS: tl.constexpr, POSITIONS: tl.constexpr, LANES: tl.constexpr):
    """This program's positions (POSITIONS, 1), channels (1, LANES), and a mask of valid pairs."""
    position = (tl.program_id(0).to(tl.int64) * POSITIONS + tl.arange(0, POSITIONS))[:, None]
    channel = (tl.program_id(1) * LANES + tl.arange(0, LANES))[None, :]
    return position, channel, (position < positions) & (channel < CHANNELS)
