"""The GPU's kernels for local response normalisation, under Triton's interpreter on a CPU."""

import runpy
import sys

import pytest
import torch
import torch.nn.functional as F

from dreamvid.models.layers import lrn as normalise
from dreamvid.models.layers import lrn_triton
from dreamvid.models.layers.reference_mode import reference_mode
from tests.support.interpreted import interpreted

RUN = """
import json, torch
from dreamvid.models import lrn_triton
from tests.models.layers.test_lrn_triton import CASES, TYPES, errors

def empty_like(x, **how):
    '''As torch's, at the beginning of more memory, which nobody may write to.'''
    n, c, h, w = x.shape
    rooms.append(torch.full((x.numel() + 4096,), 7, dtype=x.dtype))
    return rooms[-1][: x.numel()].view(n, h, w, c).permute(0, 3, 1, 2)

rooms = []
torch.empty_like, found = empty_like, []
for case in CASES:
    for name in TYPES:
        found += [(name, *case, *errors(lrn_triton.forward, lrn_triton.backward, name, *case))]
        assert all(bool((room[-4096:] == 7).all()) for room in rooms)
print(json.dumps(found))
"""
TYPES = "float32", "float16", "bfloat16"
CASES = [  # channels, height, width
    *((channels, 3, 7) for channels in (3, 5, 64, 192)),
    (192, 1, 1),
    (64, 4, 6),
    (5, 11, 13),
]


def errors(forward, backward, name, channels, height, width, device="cpu"):
    """Relative ones of y and of the slope at x, against torch in float64."""
    dtype, rng = getattr(torch, name), torch.Generator().manual_seed(channels)
    shape = 2, channels, height, width
    x = (90 * torch.randn(shape, generator=rng)).to(dtype)
    slope = torch.randn(shape, generator=rng).to(dtype)
    exact = x.double().requires_grad_()
    expected = F.local_response_norm(exact, 5, 1e-4, 0.75, 1.0)
    (wanted,) = torch.autograd.grad(expected, exact, slope.double())
    last = x.to(device, memory_format=torch.channels_last)  # the slope's are not
    pairs = [
        (forward(last), expected),
        (backward(slope.to(device), last), wanted),
        (backward(slope.to(device), last, True), wanted * (x > 0)),
    ]
    for found, _ in pairs:
        assert found.shape == shape and found.dtype == dtype
        assert found.is_contiguous(memory_format=torch.channels_last)
    return [float((found.cpu() - want.detach()).norm() / want.norm()) for found, want in pairs]


def allowed(name):
    return max(1e-6, torch.finfo(getattr(torch, name)).eps)


@pytest.mark.slow
def test_the_kernels_are_torchs_normalisation_and_its_gradient():
    found = interpreted(RUN)
    assert len(found) == len(TYPES) * len(CASES)
    assert not [case for case in found if not max(case[-3:]) < allowed(case[0])]


def test_no_kernel_without_triton_or_a_gpu(monkeypatch):
    x = torch.ones(1, 64, 4, 4, dtype=torch.float16)
    assert not lrn_triton.takes(x)
    monkeypatch.setitem(sys.modules, "triton", None)
    assert runpy.run_path(str(lrn_triton.__file__))["triton"] is None


@pytest.mark.cuda
@pytest.mark.parametrize("name", TYPES)
def test_the_kernels_run_on_the_gpu(name):
    for case in [*CASES, (256, 3, 5), (192, 61, 77)]:
        found = errors(lrn_triton.forward, lrn_triton.backward, name, *case, device="cuda")
        assert max(found) < allowed(name), case


@pytest.mark.cuda
def test_the_gpu_takes_the_kernels():
    x = (90 * torch.randn(1, 64, 30, 40)).cuda().requires_grad_()
    assert lrn_triton.takes(x)
    y = normalise.lrn(x)
    with reference_mode():
        assert not lrn_triton.takes(x)
        plain = normalise.lrn(x)
    slope = torch.randn_like(plain)
    slopes = (torch.autograd.grad(seen, x, slope)[0] for seen in (y, plain))
    torch.testing.assert_close(y, plain, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(*slopes, rtol=1e-5, atol=1e-5)


@pytest.mark.cuda
def test_numbers_past_the_largest_int_are_reached():
    if torch.cuda.mem_get_info()[0] < 20 * 2**30:
        pytest.skip("needs 20 GiB of GPU memory")
    rows = 2**31 // 192 // 2000 + 1
    x = torch.ones(1, rows, 2000, 192, dtype=torch.float16, device="cuda").permute(0, 3, 1, 2)
    x[:, :, -1] = 90 * torch.randn(192, 2000, device="cuda")
    end = x[:, :, -1:]
    assert x.numel() > 2**31
    assert torch.equal(lrn_triton.forward(x)[:, :, -1:], lrn_triton.forward(end))
    assert torch.equal(lrn_triton.backward(x, x)[:, :, -1:], lrn_triton.backward(end, end))
