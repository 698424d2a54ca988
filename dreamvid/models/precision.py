"""Half precision inside a network; activations and gradients outside stay float32.

Gradients of several layers come in together, so that one factor scales them to a range that half
precision holds; it is divided out at the end.

Measured on photos, GoogLeNet's gradient at inception_4c/output and lite0's at block_9/expand differ
from those of float64 by 5 and 19 % in float16 with normalisation in float32, by just as much in
NVIDIA's TF32, and by 16 and 53 % in bfloat16. So GPUs use float16; CPUs, whose instructions are for
bfloat16, use that, and only on request.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dreamvid.errors import PresetError

MAX_GRADIENT = 16.0  # that enters; towards the pixels it grows up to 200 times
TINY = 1e-30


def precision_for(setting: str, device: torch.device) -> torch.dtype:
    """Choose a network's type for auto, single or half; raises PresetError if half is slower."""
    if device.type == "cuda":
        return torch.float32 if setting == "single" else torch.float16
    if setting != "half":
        return torch.float32
    if device.type != "cpu":
        return torch.float16
    features = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    if not (features.get("avx512_bf16") or features.get("amx_bf16")):
        problem = "this processor has no instructions for half precision, and would be slower"
        raise PresetError("dream.precision", problem, "--set dream.precision=single")
    return torch.bfloat16


def run(network: Any, pixels: Tensor, layers: Sequence[str], dtype: torch.dtype) -> list[Tensor]:
    """Run a half-precision network on float32 pixels; returns its layers as float32."""
    return list(_HalfPrecision.apply(pixels, network, tuple(layers), dtype))


class _HalfPrecision(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, pixels: Tensor, network: Any, layers: tuple[str, ...], dtype: torch.dtype
    ) -> tuple[Tensor, ...]:
        differentiable = ctx.needs_input_grad[0]
        with torch.set_grad_enabled(differentiable):
            start = pixels.detach().to(dtype).requires_grad_(differentiable)
            features = network(start, layers)
        if differentiable:
            ctx.start, ctx.outputs = start, [features[layer] for layer in layers]
        return tuple(features[layer].detach().float() for layer in layers)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None, None]:
        largest = torch.stack([grad.abs().amax() for grad in grad_outputs]).amax()
        factor = MAX_GRADIENT / largest.clamp_min(TINY)
        scaled = [
            (grad * factor).to(output.dtype)
            for grad, output in zip(grad_outputs, ctx.outputs, strict=True)
        ]
        (grad_input,) = torch.autograd.grad(ctx.outputs, ctx.start, scaled)
        ctx.start = ctx.outputs = None  # free their memory now, not when the caller is done
        return grad_input.float() / factor, None, None, None
