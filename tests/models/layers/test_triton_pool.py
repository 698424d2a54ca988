"""The GPU's kernels for pooling, under Triton's interpreter on a CPU."""

import pytest
import torch
import torch.nn.functional as F

from dreamvid.models.layers.pooling import max_pool
from dreamvid.models.layers.reference_mode import reference_mode
from tests.support.compare import gradients
from tests.support.interpreted import interpreted

triton_pool = pytest.importorskip("dreamvid.models.layers.triton.pool")

RUN = """
import json
from dreamvid.models.layers.triton import pool
from tests.models.layers.test_triton_pool import CASES, TYPES, differences
assert pool.works("cpu")
print(json.dumps([(name, *case, *differences(name, *case)) for case in CASES for name in TYPES]))
"""
TYPES = "float32", "float16", "bfloat16"
STRIDE_2, STRIDE_1 = (2, 0, True), (1, 1, False)
CASES = [  # channels, height, width, stride, padding, ceil_mode
    (*shape, *window)
    for shape in ((1, 3, 3), (5, 4, 7), (64, 6, 5), (70, 3, 4))
    for window in (STRIDE_2, STRIDE_1)
]


def differences(name, channels, height, width, stride, padding, ceil_mode, device="cpu"):
    """Largest errors of y and of the gradient at x, without and with a ReLU."""
    dtype, rng = getattr(torch, name), torch.Generator().manual_seed(channels)
    shape = 2, channels, height, width
    # Few different numbers: ties, of which the first counts.
    x = torch.randint(-3, 4, shape, generator=rng).to(dtype)
    exact = x.double().requires_grad_()
    pooled = F.max_pool2d(exact, 3, stride, padding, 1, ceil_mode)
    grad_output = torch.randint(-4, 5, pooled.shape, generator=rng).to(dtype)
    results = []
    for relu in (False, True):
        expected = F.relu(pooled) if relu else pooled
        (grad,) = torch.autograd.grad(expected, exact, grad_output.double(), retain_graph=True)
        y, indices = triton_pool.forward(x.to(device), stride, padding, ceil_mode, relu)
        back = triton_pool.backward(grad_output.to(device), indices, x.shape, stride, padding)
        assert y.dtype == back.dtype == dtype and indices.dtype == torch.uint8
        assert y.is_contiguous(memory_format=torch.channels_last)
        results += [float((a.cpu() - b).abs().max()) for a, b in ((y, expected), (back, grad))]
    return results


@pytest.mark.slow
def test_triton_max_pool_and_gradient_are_torchs():
    results = interpreted(RUN)
    assert len(results) == len(TYPES) * len(CASES)
    assert not [case for case in results if max(case[-4:])]


def test_triton_max_pool_needs_a_gpu():
    assert not triton_pool.supports(torch.ones(1, 64, 4, 4, dtype=torch.float16))


@pytest.mark.cuda
@pytest.mark.parametrize("name", TYPES)
def test_triton_max_pool_runs_on_the_gpu(name):
    for case in [*CASES, (192, 61, 77, *STRIDE_2), (512, 27, 48, *STRIDE_1)]:
        assert not max(differences(name, *case, device="cuda")), case


@pytest.mark.cuda
@pytest.mark.parametrize("stride", [1, 2])
def test_triton_max_pool_is_chosen_on_the_gpu(stride):
    x = torch.randn(1, 64, 30, 41).cuda().requires_grad_()
    assert triton_pool.supports(x)
    y = max_pool(x, stride)
    with reference_mode():
        expected = max_pool(x, stride)
    assert torch.equal(y, expected)
    torch.testing.assert_close(*gradients(x, torch.randn_like(expected), y, expected))
