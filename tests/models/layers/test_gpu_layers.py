"""The way that networks take on a GPU, on a CPU: cuDNN's part by torch, kernels interpreted."""

import runpy
import sys
from statistics import median

import pytest
import torch
import torch.nn.functional as F

from dreamvid.models.features import FeatureModel
from dreamvid.models.layers import cudnn
from dreamvid.models.layers import relu_triton as rectify_triton
from dreamvid.models.layers.activation import RELU, RELU6
from dreamvid.models.layers.convolution import Convolution, joined
from dreamvid.models.layers.cudnn import CuDnn
from dreamvid.models.layers.reference_mode import reference_mode
from dreamvid.models.networks.googlenet import GoogLeNet
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CAFFE
from tests.models.layers.test_fast_paths import relative, slope_of
from tests.support import reference
from tests.support.interpreted import interpreted

RUN = """
import json
from dreamvid.models import lrn_triton, normalise, onednn, pool_triton, pooling, rectify_triton
from dreamvid.models.plain import in_reference_mode
from tests.models.layers import test_gpu_layers as way
normalise.FAST = [lrn_triton]
pooling.FAST = [pool_triton]
onednn.AVAILABLE = False
for module in (lrn_triton, pool_triton, rectify_triton):
    assert module._is_right("cpu") if hasattr(module, "_is_right") else True
    module.takes = lambda x: not in_reference_mode()
print(json.dumps([way.of_convolutions(), way.of_networks(), way.passed_as_torchs()]))
"""
LAYERS = [
    ("googlenet", "conv2/norm2"),
    ("googlenet", "inception_3b/5x5_reduce"),
    ("googlenet", "inception_3b/output"),
    ("lite0", "block_3/output"),
]
SIZE = 50, 66


def of_convolutions(device="cpu"):
    """Errors of convolutions with activations and of joined ones, there and back."""
    found, rng = [], torch.Generator().manual_seed(2)
    convs = [
        Convolution(torch.randn(n, 6, k, k, generator=rng), torch.randn(n, generator=rng)).to(
            torch.device(device)
        )
        for n, k in ((70, 1), (9, 3), (33, 5))
    ]
    x = torch.randn(2, 6, 9, 11, generator=rng).to(device).requires_grad_()
    assert all(isinstance(conv.kernel(x), CuDnn) for conv in convs)
    works = [lambda: joined(convs, x, x, x), *(lambda a=a: convs[1](x, a) for a in (RELU, RELU6))]
    for work in works:
        y = work()
        with reference_mode():
            plain = work()
        slope = torch.randn(y.shape, generator=rng).to(device)
        slopes = [torch.autograd.grad(seen, x, slope)[0] for seen in (y, plain)]
        assert 0.1 < float((plain > 0).float().mean()) < 0.9
        found += [relative(y, plain.double()), relative(slopes[0], slopes[1].double())]
    return found


def passed_as_torchs(device="cpu"):
    """Whether what is no number has torch's slope."""
    y = torch.tensor([torch.nan, torch.inf, 1, 0, -1, 6, 7]).view(1, 7, 1, 1).to(device)
    one = torch.ones_like(y)
    found = [rectify_triton.slope_before(one, y, 0, 7, a.most) for a in (RELU, RELU6)]
    return all(torch.equal(f, a.back(one, y)) for f, a in zip(found, (RELU, RELU6), strict=True))


def of_networks(device="cpu"):
    weights = {k: torch.tensor(v) for k, v in reference.random_googlenet().items()}
    where = torch.device(device)
    networks = {
        "googlenet": FeatureModel("googlenet", GoogLeNet(weights), CAFFE, where),
        "lite0": store.load("lite0", where),
    }
    found = []
    for name, layer in LAYERS:
        errors = []
        for seed in range(3):
            image = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(seed))
            fast = slope_of(networks[name], image.to(device), layer)
            with reference_mode():
                plain = slope_of(networks[name], image.to(device), layer)
            errors.append(relative(fast, plain.double()))
        # Rounding may make another pixel the largest of a pool, which all below it then see.
        found.append(median(errors))
    return found


@pytest.mark.slow
def test_a_networks_gradient_is_that_of_the_plain_way():
    convolutions, networks, passed = interpreted(RUN)
    assert passed
    assert len(convolutions) == 6 and len(networks) == len(LAYERS)
    assert max(convolutions) < 1e-6 and max(networks) < 1e-5


def test_no_kernel_without_triton_or_a_gpu(monkeypatch):
    x = torch.ones(1, 8, 4, 4)
    assert not rectify_triton.takes(x) and not cudnn.takes(x, torch.ones(8, 8, 1, 1))
    monkeypatch.setitem(sys.modules, "triton", None)
    assert runpy.run_path(str(rectify_triton.__file__))["triton"] is None


@pytest.mark.cuda
def test_convolutions_on_the_gpu_are_those_of_the_plain_way(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    assert max(of_convolutions("cuda")) < 1e-5
    assert max(of_networks("cuda")) < 1e-4
    assert passed_as_torchs("cuda")


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_on_the_gpu_is_rectified_alike(dtype):
    part = torch.randn(1, 96, 31, 17).to("cuda", dtype)
    bias, whole = torch.randn(96).to("cuda", dtype), torch.zeros(1, 200, 31, 17).to("cuda", dtype)
    whole = whole.contiguous(memory_format=torch.channels_last)
    rectify_triton.rectify(part, bias, whole, 40, torch.inf)
    expected = F.relu(part.float() + bias.float()[:, None, None]).to(dtype)
    assert torch.equal(whole[:, 40:136], expected)
    assert not bool(whole[:, :40].any() or whole[:, 136:].any())
