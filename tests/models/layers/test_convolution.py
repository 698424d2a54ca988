"""Fused convolutions on the CPU against float64 and against reference mode."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from dreamvid.models.layers import onednn
from dreamvid.models.layers.activation import NONE, RELU, RELU6
from dreamvid.models.layers.convolution import Convolution, centred, concat, same
from dreamvid.models.layers.numba import relu as numba_relu
from dreamvid.models.layers.onednn import OneDnn
from dreamvid.models.layers.reference_mode import reference_mode
from tests.support.compare import CLOSE, gradients, relative_error, saved_bytes

CPU = torch.device("cpu")

KINDS = [  # outputs, inputs, side, stride, depthwise, pads
    (64, 3, 7, 2, False, centred),
    (32, 3, 3, 2, False, same),
    (24, 16, 1, 1, False, centred),
    (20, 12, 3, 1, False, centred),
    (9, 5, 5, 1, False, same),
    (16, 16, 3, 1, True, same),
    (16, 16, 3, 2, True, same),
    (24, 24, 5, 2, True, same),
    (12, 16, 3, 2, False, same),
]


@pytest.mark.parametrize("size", [(16, 24), (17, 23), (18, 25)])
@pytest.mark.parametrize("activation", [NONE, RELU, RELU6], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: "-".join(map(str, kind[:4])) + kind[5].__name__
)
def test_convolution_and_gradient_are_those_of_float64(kind, activation, size):
    outputs, inputs, side, stride, depthwise, pads = kind
    rng = torch.Generator().manual_seed(3)
    weight = torch.randn(outputs, 1 if depthwise else inputs, side, side, generator=rng)
    bias = torch.randn(outputs, generator=rng)
    conv = Convolution(weight, bias, stride, pads).to(CPU)
    x = torch.randn(2, inputs, *size, generator=rng).requires_grad_()
    assert isinstance(conv.fused(x), OneDnn)
    y = conv(x, activation)
    grad_output = torch.randn(y.shape, generator=rng)
    (grad,) = gradients(x, grad_output, y)

    exact = x.detach().double().requires_grad_()
    rows, columns = (pads(length, side, stride) for length in size)
    padded = F.pad(exact, (*columns, *rows))
    groups = outputs if depthwise else 1
    z = F.conv2d(padded, weight.double(), bias.double(), stride, 0, 1, groups)
    z = {NONE: lambda x: x, RELU: F.relu, RELU6: F.relu6}[activation](z)
    (expected,) = gradients(exact, grad_output.double(), z)
    assert y.shape == z.shape and relative_error(y, z) < 1e-6
    assert grad.shape == x.shape and relative_error(grad, expected) < CLOSE
    with reference_mode():
        assert conv.fused(x) is None
        assert relative_error(conv(x, activation), z) < 1e-6


def test_convolution_has_the_same_bits_whatever_size_came_first():
    """Weights are reordered for the first size; a resumed render may begin with another."""
    rng = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(48, 32, 3, 3, generator=rng), torch.randn(48, generator=rng)
    small, large = (torch.randn(1, 32, n, 2 * n, generator=rng) for n in (7, 60))
    one, other = Convolution(weight, bias).to(CPU), Convolution(weight, bias).to(CPU)
    first = one(small, RELU), one(large, RELU)
    second = other(large, RELU), other(small, RELU)
    assert torch.equal(first[0], second[1]) and torch.equal(first[1], second[0])


def test_weights_in_training_are_not_reordered():
    weight = torch.randn(4, 3, 3, 3).requires_grad_()
    conv, x = Convolution(weight, torch.zeros(4)), torch.randn(1, 3, 8, 8)
    (grad,) = torch.autograd.grad(conv(x, RELU).sum(), weight)
    assert bool(grad.any())
    before = conv(x).detach()
    with torch.no_grad():
        weight.mul_(2)
    assert_close(conv(x).detach(), 2 * before)


@pytest.mark.parametrize("mask_from", [0, 2**22], ids=["mask", "whole"])
def test_concat_keeps_its_output_once_or_a_mask_of_it(mask_from, monkeypatch):
    monkeypatch.setattr(onednn, "MASK_FROM", mask_from)
    rng = torch.Generator().manual_seed(4)
    convs = [
        Convolution(torch.randn(n, 6, k, k, generator=rng), torch.zeros(n)).to(CPU)
        for n, k in ((8, 1), (4, 3))
    ]
    x = torch.randn(1, 6, 9, 10, generator=rng).requires_grad_()
    y, saved = saved_bytes(lambda: concat(convs, x, x))
    assert saved == [12 * 9 * 10 * (4 if mask_from else 1)]
    with reference_mode():
        expected = concat(convs, x, x)
    assert_close(y, expected)
    assert_close(*gradients(x, torch.randn(y.shape, generator=rng), y, expected))


@pytest.mark.parametrize("activation", [RELU, RELU6], ids=lambda kind: kind.name)
def test_activation_gradient_needs_only_a_mask(activation, monkeypatch):
    monkeypatch.setattr(onednn, "MASK_FROM", 0)
    rng = torch.Generator().manual_seed(6)
    conv = Convolution(torch.randn(7, 5, 3, 3, generator=rng), torch.zeros(7)).to(CPU)
    x = torch.randn(1, 5, 19, 21, generator=rng).requires_grad_()
    y, saved = saved_bytes(lambda: conv(x, activation))
    assert saved == [y.numel()]
    with reference_mode():
        expected = conv(x, activation)
    assert 0.1 < float(((expected > 0) & (expected < 6)).float().mean()) < 0.9
    assert_close(*gradients(x, torch.randn(y.shape, generator=rng), y, expected))


@pytest.mark.parametrize("activation", [RELU, RELU6], ids=lambda kind: kind.name)
def test_activation_mask_passes_nan_as_torch(activation):
    y = torch.tensor([torch.nan, torch.inf, 1, 0, -1, 6, 7, -torch.inf]).view(1, 8, 1, 1)
    mask = numba_relu.mask(y, activation.limit)
    grad = numba_relu.backward(torch.ones_like(y), mask, 0, 8)
    assert torch.equal(grad, activation.backward(torch.ones_like(y), y))
