"""Whole networks with every faster kernel against reference mode."""

from statistics import median

import pytest
import torch
from torch.testing import assert_close

from dreamvid.models.layers.reference_mode import in_reference_mode, reference_mode
from tests.support.compare import CLOSE, image_gradient, relative_error
from tests.support.networks import networks as build


@pytest.fixture(scope="module")
def networks():
    return build()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("googlenet", "conv1/7x7_s2"),
        ("googlenet", "conv2/norm2"),
        ("googlenet", "inception_3b/5x5_reduce"),
        ("googlenet", "inception_4c/output"),
        ("googlenet", "inception_5a/3x3"),
        ("lite0", "stem"),
        ("lite0", "block_1/depthwise"),
        ("lite0", "block_5/output"),
        ("lite0", "block_11/expand"),
    ],
)
@pytest.mark.parametrize("size", [(96, 128), (75, 117)])
def test_network_gradient_is_that_of_reference_mode(networks, name, layer, size):
    errors = []
    for seed in range(5):
        image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed))
        gradient = image_gradient(networks[name], image, layer)
        with reference_mode():
            assert in_reference_mode()
            expected = image_gradient(networks[name], image, layer)
        assert not in_reference_mode() and bool(expected.any())
        errors.append(relative_error(gradient, expected.double()))
    # Rounding may make another pixel the maximum of a pool, which changes all below it.
    assert median(errors) < CLOSE and max(errors) < 0.02, errors


def test_convolution_before_its_relu_can_be_read_beside_the_block(networks):
    image = torch.rand(1, 3, 64, 80, generator=torch.Generator().manual_seed(2))
    names = ["inception_3a/3x3", "inception_3a/output"]
    both = networks["googlenet"](image, names)
    alone = networks["googlenet"](image, names[1:])
    assert bool((both[names[0]] < 0).any())
    assert_close(both[names[0]].relu(), both[names[1]][:, 64:192])
    assert_close(alone[names[1]], both[names[1]])
