"""Triton kernels of the beginning and the end of a recorded step.

`step_graphs.py` has both in plain torch. The inputs that differ from step to step lie in the GPU's
memory: how far the image is rolled, and how large the step is.

`no_type_check` is for the tests, whose type checker would hide a kernel from Triton.
"""

from __future__ import annotations

from typing import no_type_check

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image
from dreamvid.models.layers.kernels import self_check

try:
    import triton
    import triton.language as tl
except ImportError:  # there is none for Windows and macOS
    triton = tl = None

StepInputs = Float[Tensor, "3"]
"""Jitter of a step, down and across, at least 0 and less than the height and width; its size."""

MOST = 2**31 - 2**16  # values that a kernel can count
BLOCK = 1024

_kernel = (lambda function: function) if triton is None else triton.jit


def supports(image: Image) -> bool:
    """Tell whether the kernels run on an image of this kind."""
    if triton is None or image.device.type != "cuda" or image.dtype != torch.float32:
        return False
    return image.is_contiguous() and image.numel() < MOST and works(image.device)


@self_check("triton step")
def works(device: torch.device) -> bool:
    """Compare both kernels with torch; Triton needs a C compiler and a GPU not too old for it."""
    image = torch.arange(3 * 4 * 5, device=device).float().view(1, 3, 4, 5) / 60
    expected, inputs = image.clone(), torch.tensor([3.0, 1.0, 0.0], device=device)
    result = rolled(image, inputs)
    advance(image, result, inputs, torch.ones((), device=device))  # by 0
    return torch.equal(result, expected.roll((3, 1), (-2, -1))) and torch.equal(image, expected)


def rolled(image: Image, inputs: StepInputs) -> Image:
    """Roll an image like `image.roll((down, across), (-2, -1))`."""
    result = torch.empty_like(image)
    _run(_roll, image, result, inputs)
    return result


def advance(image: Image, gradient: Image, inputs: StepInputs, mean: Tensor) -> None:
    """Add size / mean * the gradient, rolled back, to the image in place; clamp to [0, 1]."""
    _run(_advance, image, gradient.contiguous(), inputs, mean)


def _run(kernel, image: Image, *others: Tensor) -> None:
    height, width = image.shape[-2:]
    programs = -(-image.numel() // BLOCK)
    with torch.cuda.device_of(image):
        kernel[(programs,)](image, *others, image.numel(), height, width, BLOCK)


@_kernel
@no_type_check
def _roll(image, result, inputs, count, height, width, BLOCK: tl.constexpr):
    number, inside = _values(count, BLOCK)
    target = _rolled(number, inputs, height, width)
    tl.store(result + target, tl.load(image + number, mask=inside), mask=inside)


@_kernel
@no_type_check
def _advance(image, gradient, inputs, mean, count, height, width, BLOCK: tl.constexpr):
    number, inside = _values(count, BLOCK)
    target = _rolled(number, inputs, height, width)
    direction = tl.load(gradient + target, mask=inside) / tl.load(mean)
    new = tl.load(image + number, mask=inside) + tl.load(inputs + 2) * direction
    new = tl.where(new < 0, 0.0, new)  # NaN stays
    tl.store(image + number, tl.where(new > 1, 1.0, new), mask=inside)


@_kernel
@no_type_check
def _values(count, BLOCK: tl.constexpr):
    number = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    return number, number < count


@_kernel
@no_type_check
def _rolled(number, inputs, height, width):
    """Index of each value of the image after rolling."""
    line, x = number // width, number % width
    y = line % height
    y_rolled = y + tl.load(inputs).to(tl.int32)
    x_rolled = x + tl.load(inputs + 1).to(tl.int32)
    y_rolled = tl.where(y_rolled < height, y_rolled, y_rolled - height)
    x_rolled = tl.where(x_rolled < width, x_rolled, x_rolled - width)
    return (line - y + y_rolled) * width + x_rolled
