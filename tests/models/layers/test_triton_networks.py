"""Networks as they run on a GPU, on a CPU: cuDNN's part by torch, Triton's kernels interpreted."""

from statistics import median

import pytest
import torch
import torch.nn.functional as F

from dreamvid.models.layers.activation import RELU, RELU6
from dreamvid.models.layers.convolution import Convolution, concat
from dreamvid.models.layers.cudnn import CuDnn
from dreamvid.models.layers.reference_mode import reference_mode
from tests.support.compare import gradients, image_gradient, relative_error
from tests.support.interpreted import interpreted
from tests.support.networks import networks

triton_relu = pytest.importorskip("dreamvid.models.layers.triton.relu")

RUN = """
import json
from dreamvid.models.layers import convolution, lrn, pooling
from dreamvid.models.layers.cudnn import CuDnn
from dreamvid.models.layers.triton import lrn as triton_lrn, pool as triton_pool
from dreamvid.models.layers.triton import relu as triton_relu
from tests.models.layers import test_triton_networks as tests
lrn.KERNELS, pooling.KERNELS, convolution.KERNELS = [triton_lrn], [triton_pool], [CuDnn]
for module in (triton_lrn, triton_pool, triton_relu):
    assert module.works("cpu")
    module.supports = lambda x: True
networks = tests.network_errors(layers=tests.DEEPEST)
print(json.dumps([tests.convolution_errors(), networks, tests.passes_nan()]))
"""
LAYERS = [
    ("googlenet", "conv2/norm2"),
    ("googlenet", "inception_3b/5x5_reduce"),
    ("googlenet", "inception_3b/output"),
    ("lite0", "block_3/output"),
]
DEEPEST = LAYERS[2:]  # with the layers below them
SIZE = 34, 42  # the interpreter takes minutes for more


def convolution_errors(device="cpu"):
    """Errors of convolutions with activations, concatenated and alone, and of their gradients."""
    errors, rng = [], torch.Generator().manual_seed(2)
    convs = [
        Convolution(torch.randn(n, 6, k, k, generator=rng), torch.randn(n, generator=rng)).to(
            torch.device(device)
        )
        for n, k in ((70, 1), (9, 3), (33, 5))
    ]
    x = torch.randn(2, 6, 9, 11, generator=rng).to(device).requires_grad_()
    assert all(isinstance(conv.fused(x), CuDnn) for conv in convs)
    works = [lambda: concat(convs, x, x, x), *(lambda a=a: convs[1](x, a) for a in (RELU, RELU6))]
    for work in works:
        y = work()
        with reference_mode():
            expected = work()
        grad_output = torch.randn(y.shape, generator=rng).to(device)
        grad, expected_grad = gradients(x, grad_output, y, expected)
        assert 0.1 < float((expected > 0).float().mean()) < 0.9
        errors.append(relative_error(y, expected.double()))
        errors.append(relative_error(grad, expected_grad.double()))
    return errors


def passes_nan(device="cpu"):
    """Whether the gradient passes a ReLU where its output is NaN, as in torch."""
    y = torch.tensor([torch.nan, torch.inf, 1, 0, -1, 6, 7]).view(1, 7, 1, 1).to(device)
    one = torch.ones_like(y)
    return all(
        torch.equal(triton_relu.backward(one, y, 0, 7, a.limit), a.backward(one, y))
        for a in (RELU, RELU6)
    )


def network_errors(device="cpu", layers=LAYERS):
    errors, models = [], networks(device)
    for name, layer in layers:
        seeds = []
        for seed in range(3):
            image = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(seed))
            gradient = image_gradient(models[name], image.to(device), layer)
            with reference_mode():
                expected = image_gradient(models[name], image.to(device), layer)
            seeds.append(relative_error(gradient, expected.double()))
        # Rounding may make another pixel the maximum of a pool, which changes all below it.
        errors.append(median(seeds))
    return errors


@pytest.mark.slow
def test_triton_network_gradient_is_that_of_reference_mode():
    convolutions, whole_networks, nan = interpreted(RUN)
    assert nan
    assert len(convolutions) == 6 and len(whole_networks) == len(DEEPEST)
    assert max(convolutions) < 1e-6 and max(whole_networks) < 1e-5


def test_triton_relu_needs_a_gpu():
    x = torch.ones(1, 8, 4, 4)
    assert not triton_relu.supports(x) and not CuDnn.supports(x, torch.ones(8, 8, 1, 1))


@pytest.mark.cuda
def test_triton_convolutions_on_the_gpu_are_those_of_reference_mode(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    assert max(convolution_errors("cuda")) < 1e-5
    assert max(network_errors("cuda")) < 1e-4
    assert passes_nan("cuda")


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_triton_relu_in_half_precision_is_torchs(dtype):
    part = torch.randn(1, 96, 31, 17).to("cuda", dtype)
    bias, whole = torch.randn(96).to("cuda", dtype), torch.zeros(1, 200, 31, 17).to("cuda", dtype)
    whole = whole.contiguous(memory_format=torch.channels_last)
    triton_relu.bias_relu(part, bias, whole, 40, torch.inf)
    expected = F.relu(part.float() + bias.float()[:, None, None]).to(dtype)
    assert torch.equal(whole[:, 40:136], expected)
    assert not bool(whole[:, :40].any() or whole[:, 136:].any())
