"""The GPU's kernels for pooling, under Triton's interpreter on a CPU."""

import runpy
import sys

import pytest
import torch
import torch.nn.functional as F

from dreamvid.models.layers import pool_triton, pooling
from dreamvid.models.layers.reference_mode import reference_mode
from tests.support.interpreted import interpreted

RUN = """
import json
from tests.models.layers.test_pool_triton import CASES, TYPES, differences
print(json.dumps([(name, *case, *differences(name, *case)) for case in CASES for name in TYPES]))
"""
TYPES = "float32", "float16", "bfloat16"
HALVE, STAY = (2, 0, True), (1, 1, False)
CASES = [  # channels, height, width, stride, padding, rounded up
    (*shape, *how)
    for shape in ((1, 3, 3), (5, 4, 7), (64, 6, 5), (192, 9, 8))
    for how in (HALVE, STAY)
]


def differences(name, channels, height, width, stride, padding, ceil_mode, device="cpu"):
    """The largest of y, of y after a ReLU, of the slope at x, and of that through the ReLU."""
    dtype, rng = getattr(torch, name), torch.Generator().manual_seed(channels)
    shape = 2, channels, height, width
    # Few values: ties, of which the first counts.
    x = torch.randint(-3, 4, shape, generator=rng).to(dtype)
    exact = x.double().requires_grad_()
    expected = F.max_pool2d(exact, 3, stride, padding, 1, ceil_mode)
    slope = torch.randint(-4, 5, expected.shape, generator=rng).to(dtype)
    found = []
    for rectified in (False, True):
        wanted = F.relu(expected) if rectified else expected
        (back,) = torch.autograd.grad(wanted, exact, slope.double(), retain_graph=True)
        y, places = pool_triton.forward(x.to(device), stride, padding, ceil_mode, rectified)
        slopes = pool_triton.backward(slope.to(device), places, x.shape, stride, padding)
        assert y.dtype == slopes.dtype == dtype and places.dtype == torch.uint8
        assert y.is_contiguous(memory_format=torch.channels_last)
        found += [float((y.cpu() - wanted).abs().max()), float((slopes.cpu() - back).abs().max())]
    return found


@pytest.mark.slow
def test_the_kernels_are_torchs_pools_and_their_gradients():
    found = interpreted(RUN)
    assert len(found) == len(TYPES) * len(CASES)
    assert not [case for case in found if max(case[-4:])]


def test_no_kernel_without_triton_or_a_gpu(monkeypatch):
    assert not pool_triton.takes(torch.ones(1, 64, 4, 4, dtype=torch.float16))
    monkeypatch.setitem(sys.modules, "triton", None)
    assert runpy.run_path(str(pool_triton.__file__))["triton"] is None


@pytest.mark.cuda
@pytest.mark.parametrize("name", TYPES)
def test_the_kernels_run_on_the_gpu(name):
    for case in [*CASES, (192, 61, 77, *HALVE), (512, 27, 48, *STAY)]:
        assert not max(differences(name, *case, device="cuda")), case


@pytest.mark.cuda
@pytest.mark.parametrize("pool", [pooling.halve, pooling.stay])
def test_the_gpu_takes_the_kernels(pool):
    x = torch.randn(1, 64, 30, 41).cuda().requires_grad_()
    assert pool_triton.takes(x)
    y = pool(x)
    with reference_mode():
        assert not pool_triton.takes(x)
        plain = pool(x)
    slope = torch.randn_like(plain)
    assert torch.equal(y, plain)
    torch.testing.assert_close(*(torch.autograd.grad(seen, x, slope)[0] for seen in (y, plain)))
