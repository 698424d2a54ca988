"""Convolution and pool by bands of rows against the whole in float64."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.models.layers import banded
from dreamvid.models.layers.convolution import Convolution
from dreamvid.models.networks.googlenet import GoogLeNet
from tests.support import reference
from tests.support.compare import CLOSE, gradients, relative_error, saved_bytes

CPU = torch.device("cpu")
BANDS = st.sampled_from([1, 1000, 2**21])


def banded_gradient(operation, x, conv, band, rng):
    """Output, gradient at the output, and gradient at x."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(banded, "BAND", band)
        y = operation(x, conv)
        grad_output = torch.randn(y.shape, generator=rng)
        return y, grad_output, *gradients(x, grad_output, y)


@pytest.mark.slow
@given(
    size=st.tuples(st.integers(16, 70), st.integers(16, 40)),
    kind=st.sampled_from([(7, 2), (3, 2), (3, 1), (5, 1), (1, 1)]),
    band=BANDS,
)
def test_bands_of_convolution_and_pool_are_the_whole(size, kind, band):
    (side, stride), rng = kind, torch.Generator().manual_seed(size[0])
    weight = torch.randn(6, 3, side, side, generator=rng)
    conv = Convolution(weight, torch.randn(6, generator=rng), stride).to(CPU)
    x = torch.randn(1, 3, *size, generator=rng).requires_grad_()
    y, grad_output, grad = banded_gradient(banded.conv_relu_pool, x, conv, band, rng)
    exact = x.detach().double().requires_grad_()
    z = F.conv2d(exact, weight.double(), conv.bias.double(), stride, side // 2)
    expected = F.relu(F.max_pool2d(z, 3, 2, ceil_mode=True))
    (expected_grad,) = gradients(exact, grad_output.double(), expected)
    assert y.shape == expected.shape and relative_error(y, expected) < 1e-6
    assert grad.shape == x.shape and relative_error(grad, expected_grad) < CLOSE


@pytest.mark.slow
@given(
    size=st.tuples(st.integers(16, 60), st.integers(16, 30)),
    side=st.sampled_from([1, 3, 5]),
    band=BANDS,
)
def test_bands_of_lrn_and_pool_are_the_whole(size, side, band):
    rng = torch.Generator().manual_seed(size[1] + 1)  # no two maxima so near that rounding decides
    weight = 60 * torch.randn(9, 3, side, side, generator=rng)
    conv = Convolution(weight, torch.randn(9, generator=rng)).to(CPU)
    x = torch.randn(1, 3, *size, generator=rng).requires_grad_()
    y, grad_output, grad = banded_gradient(banded.conv_relu_lrn_pool, x, conv, band, rng)
    exact = x.detach().double().requires_grad_()
    z = F.relu(F.conv2d(exact, weight.double(), conv.bias.double(), 1, side // 2))
    z = F.local_response_norm(z, 5, 1e-4, 0.75, 1.0)
    expected = F.max_pool2d(z, 3, 2, ceil_mode=True)
    (expected_grad,) = gradients(exact, grad_output.double(), expected)
    assert relative_error(y, expected) < 1e-6 and relative_error(grad, expected_grad) < CLOSE


def test_bands_are_never_in_memory_as_a_whole():
    weights = {k: torch.tensor(v) for k, v in reference.random_googlenet().items()}
    network, size = GoogLeNet(weights).to(CPU), 48 * 64
    image = torch.rand(1, 3, 96, 128).requires_grad_()
    _, saved = saved_bytes(lambda: network(image, ["pool1/3x3_s2"]))
    assert 64 * size * 4 not in saved and 64 * size // 4 in saved
    _, saved = saved_bytes(lambda: network(image, ["pool2/3x3_s2"]))
    assert saved.count(192 * size // 4 * 4) == 1  # the second convolution, not its normalisation
