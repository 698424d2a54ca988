"""Max pools against torch's."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from dreamvid.models.layers import pooling
from dreamvid.models.layers.numba import pool as numba_pool
from dreamvid.models.layers.pooling import max_pool
from dreamvid.models.layers.reference_mode import reference_mode
from tests.support.compare import gradients

POOLS = {  # by stride
    1: partial(F.max_pool2d, kernel_size=3, stride=1, padding=1),
    2: partial(F.max_pool2d, kernel_size=3, stride=2, ceil_mode=True),
}
WAYS = ["numba", "torch", "torch with short indices"]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    if request.param != "numba":
        monkeypatch.setattr(pooling, "KERNELS", [])
    if request.param == "torch with short indices":
        monkeypatch.setattr(pooling, "LONG_INDICES", 0)
    return request.param


@pytest.mark.parametrize("size", [(3, 3), (3, 4), (6, 8), (7, 9), (11, 5)])
@pytest.mark.parametrize("stride", POOLS)
def test_max_pool_and_gradient_are_torchs(stride, size, way):
    """With ties: few different numbers, of which the first in reading order counts."""
    rng = torch.Generator().manual_seed(5)
    x = torch.randint(-2, 3, (2, 4, *size), generator=rng).float()
    x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    expected, y = POOLS[stride](x), max_pool(x, stride)
    assert torch.equal(y, expected)
    assert torch.equal(*gradients(x, torch.randn(expected.shape, generator=rng), y, expected))


@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 40), st.integers(3, 30), st.integers(3, 30)),
    stride=st.sampled_from([1, 2]),
    channels_last=st.booleans(),
)
def test_max_pool_of_any_shape_is_torchs(shape, stride, channels_last):
    rng = torch.Generator().manual_seed(shape[1])
    x = torch.randint(-9, 10, shape, generator=rng).float()
    x = (x.to(memory_format=torch.channels_last) if channels_last else x).requires_grad_()
    expected, y = POOLS[stride](x), max_pool(x, stride)
    assert torch.equal(y, expected)
    assert_close(*gradients(x, torch.randn(expected.shape, generator=rng), y, expected))


def test_max_pool_applies_a_relu(way):
    """With whole numbers: a maximum of 0 passes no gradient either."""
    rng = torch.Generator().manual_seed(1)
    x = torch.randint(-9, 2, (1, 8, 9, 12), generator=rng).float().requires_grad_()
    expected, y = F.max_pool2d(F.relu(x), 3, 2, ceil_mode=True), max_pool(x, 2, relu=True)
    assert torch.equal(y, expected) and bool((y == 0).any())
    assert_close(*gradients(x, torch.randn(expected.shape, generator=rng), y, expected))


@pytest.mark.parametrize("stride", POOLS)
def test_max_pool_passes_nan(stride):
    x = torch.randn(1, 3, 8, 8)
    x[0, 1, 3, 4] = torch.nan
    x[0, 2] = -torch.inf
    x.requires_grad_()
    assert numba_pool.supports(x)
    with reference_mode():
        expected = max_pool(x, stride)
    y = max_pool(x, stride)
    assert_close(y, expected, equal_nan=True)
    assert bool(expected.isnan().any())
    assert_close(*gradients(x, torch.randn(expected.shape), y, expected))


def test_max_pool_says_that_an_image_is_too_small():
    x = torch.randn(1, 4, 1, 1)
    with pytest.raises(RuntimeError, match="too small"):
        max_pool(x, 2)
