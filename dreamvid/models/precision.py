"""A network run in half precision inside a program that is in single precision.

Activations leave it, and slopes enter it, as float32. Slopes of several layers come in together,
so that one factor brings them all to a size that half precision holds; it is taken off again.

Which half: measured on photos, GoogLeNet's gradient at inception_4c/output and lite0's at
block_9/expand differ from those of float64 by 5 and 19 % in float16 with normalisation in float32,
by just as much in NVIDIA's TF32, and by 16 and 53 % in bfloat16. So float16 on GPUs; on CPUs, whose
instructions are for bfloat16, only where it is asked for.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dreamvid.errors import PresetError

LARGEST = 16.0  # of the slopes that enter; on the way to the pixels they grow by up to 200 times
TINY = 1e-30


def precision_for(wanted: str, device: torch.device) -> torch.dtype:
    """What a network computes in; raises PresetError where half precision would be slower.

    Args:
        wanted: auto, single or half.
    """
    if device.type == "cuda":
        return torch.float32 if wanted == "single" else torch.float16
    if wanted != "half":
        return torch.float32
    if device.type != "cpu":
        return torch.float16
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    if not (known.get("avx512_bf16") or known.get("amx_bf16")):
        problem = "this processor has no instructions for half precision, and would be slower"
        raise PresetError("dream.precision", problem, "--set dream.precision=single")
    return torch.bfloat16


def run(network: Any, pixels: Tensor, layers: Sequence[str], dtype: torch.dtype) -> list[Tensor]:
    """What the layers of a half-precision network see in float32 pixels, as float32."""
    return list(_InHalf.apply(pixels, network, tuple(layers), dtype))


class _InHalf(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, pixels: Tensor, network: Any, layers: tuple[str, ...], dtype: torch.dtype
    ) -> tuple[Tensor, ...]:
        wanted = ctx.needs_input_grad[0]
        with torch.set_grad_enabled(wanted):
            start = pixels.detach().to(dtype).requires_grad_(wanted)
            seen = network(start, layers)
        if wanted:
            ctx.start, ctx.seen = start, [seen[layer] for layer in layers]
        return tuple(seen[layer].detach().float() for layer in layers)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None, None]:
        largest = torch.stack([slope.abs().amax() for slope in grad_outputs]).amax()
        factor = LARGEST / largest.clamp_min(TINY)
        slopes = [
            (slope * factor).to(seen.dtype)
            for slope, seen in zip(grad_outputs, ctx.seen, strict=True)
        ]
        (found,) = torch.autograd.grad(ctx.seen, ctx.start, slopes)
        ctx.start = ctx.seen = None  # their memory is free at once, not when the caller is done
        return found.float() / factor, None, None, None
