"""The GPU's kernels for local response normalisation, under Triton's interpreter on a CPU."""

import pytest
import torch
import torch.nn.functional as F

from dreamvid.models.layers.lrn import lrn
from dreamvid.models.layers.reference_mode import reference_mode
from tests.support.compare import gradients, relative_error
from tests.support.interpreted import interpreted

triton_lrn = pytest.importorskip("dreamvid.models.layers.triton.lrn")

RUN = """
import json, torch
from dreamvid.models.layers.triton import lrn
from tests.models.layers.test_triton_lrn import CASES, TYPES, errors

def empty_like(x, **options):
    '''As torch's, at the beginning of a larger buffer, whose rest nobody may write to.'''
    n, c, h, w = x.shape
    buffers.append(torch.full((x.numel() + 4096,), 7, dtype=x.dtype))
    return buffers[-1][: x.numel()].view(n, h, w, c).permute(0, 3, 1, 2)

buffers = []
torch.empty_like, results = empty_like, []
for case in CASES:
    for name in TYPES:
        results += [(name, *case, *errors(name, *case))]
        assert all(bool((buffer[-4096:] == 7).all()) for buffer in buffers)
assert lrn.works("cpu")
print(json.dumps(results))
"""
TYPES = "float32", "float16", "bfloat16"
CASES = [  # channels, height, width
    *((channels, 3, 7) for channels in (3, 5, 64, 192)),
    (192, 1, 1),
    (64, 4, 6),
    (5, 11, 13),
]


def errors(name, channels, height, width, device="cpu"):
    """Relative errors of y and of the gradient at x, against torch in float64."""
    dtype, rng = getattr(torch, name), torch.Generator().manual_seed(channels)
    shape = 2, channels, height, width
    x = (90 * torch.randn(shape, generator=rng)).to(dtype)
    grad_output = torch.randn(shape, generator=rng).to(dtype)
    exact = x.double().requires_grad_()
    expected = F.local_response_norm(exact, 5, 1e-4, 0.75, 1.0)
    (grad,) = gradients(exact, grad_output.double(), expected)
    x_last = x.to(device, memory_format=torch.channels_last)  # unlike the gradient
    on_device = grad_output.to(device)
    pairs = [
        (triton_lrn.forward(x_last), expected),
        (triton_lrn.backward(on_device, x_last), grad),
        (triton_lrn.backward(on_device, x_last, True), grad * (x > 0)),
    ]
    for result, _ in pairs:
        assert result.shape == shape and result.dtype == dtype
        assert result.is_contiguous(memory_format=torch.channels_last)
    return [relative_error(result.cpu(), expected) for result, expected in pairs]


def tolerance(name):
    return max(1e-6, torch.finfo(getattr(torch, name)).eps)


@pytest.mark.slow
def test_triton_lrn_and_gradient_are_torchs():
    results = interpreted(RUN)
    assert len(results) == len(TYPES) * len(CASES)
    assert not [case for case in results if not max(case[-3:]) < tolerance(case[0])]


def test_triton_lrn_needs_a_gpu():
    assert not triton_lrn.supports(torch.ones(1, 64, 4, 4, dtype=torch.float16))


@pytest.mark.cuda
@pytest.mark.parametrize("name", TYPES)
def test_triton_lrn_runs_on_the_gpu(name):
    for case in [*CASES, (256, 3, 5), (192, 61, 77)]:
        assert max(errors(name, *case, device="cuda")) < tolerance(name), case


@pytest.mark.cuda
def test_triton_lrn_is_chosen_on_the_gpu():
    x = (90 * torch.randn(1, 64, 30, 40)).cuda().requires_grad_()
    assert triton_lrn.supports(x)
    y = lrn(x)
    with reference_mode():
        expected = lrn(x)
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-5)
    grads = gradients(x, torch.randn_like(expected), y, expected)
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-5)


@pytest.mark.cuda
def test_triton_lrn_reaches_numbers_past_the_largest_int():
    if torch.cuda.mem_get_info()[0] < 20 * 2**30:
        pytest.skip("needs 20 GiB of GPU memory")
    rows = 2**31 // 192 // 2000 + 1
    x = torch.ones(1, rows, 2000, 192, dtype=torch.float16, device="cuda").permute(0, 3, 1, 2)
    x[:, :, -1] = 90 * torch.randn(192, 2000, device="cuda")
    end = x[:, :, -1:]
    assert x.numel() > 2**31
    assert torch.equal(triton_lrn.forward(x)[:, :, -1:], triton_lrn.forward(end))
    assert torch.equal(triton_lrn.backward(x, x)[:, :, -1:], triton_lrn.backward(end, end))
