"""Every fast path against the plain one, and both against float64."""

import errno
import os
import subprocess
import sys
from statistics import median

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from numba.core import config
from torch.testing import assert_close

from dreamvid.models.features import FeatureModel
from dreamvid.models.layers import (
    banded,
    onednn,
    pooling,
)
from dreamvid.models.layers import (
    lrn_plain as lrn,
)
from dreamvid.models.layers import (
    numba as native,
)
from dreamvid.models.layers.activation import NONE, RELU, RELU6
from dreamvid.models.layers.convolution import Convolution, centred, joined, same
from dreamvid.models.layers.numba import lrn as native_lrn
from dreamvid.models.layers.numba import pool as native_pool
from dreamvid.models.layers.numba import relu as native_rectify
from dreamvid.models.layers.numba import threads as team
from dreamvid.models.layers.reference_mode import in_reference_mode, reference_mode
from dreamvid.models.networks.googlenet import GoogLeNet
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CAFFE
from tests.support import reference

CPU = torch.device("cpu")
CLOSE = 1e-5  # relative error of a gradient in float32

KINDS = [  # outputs, inputs, side, stride, each channel by itself, pads
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


def relative(found, expected):
    expected = expected.detach()
    return float((found.detach().double() - expected).norm() / expected.norm())


@pytest.mark.parametrize("size", [(16, 24), (17, 23), (18, 25)])
@pytest.mark.parametrize("activation", [NONE, RELU, RELU6], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: "-".join(map(str, kind[:4])) + kind[5].__name__
)
def test_a_convolution_and_its_way_back_are_those_of_float64(kind, activation, size):
    outputs, inputs, side, stride, alone, pads = kind
    rng = torch.Generator().manual_seed(3)
    weight = torch.randn(outputs, 1 if alone else inputs, side, side, generator=rng)
    bias = torch.randn(outputs, generator=rng)
    conv = Convolution(weight, bias, stride, pads).to(CPU)
    x = torch.randn(2, inputs, *size, generator=rng).requires_grad_()
    assert onednn.takes(x, conv.weight)
    y = conv(x, activation)
    slope = torch.randn(y.shape, generator=rng)
    (found,) = torch.autograd.grad(y, x, slope)

    exact = x.detach().double().requires_grad_()
    rows, columns = (pads(length, side, stride) for length in size)
    padded = F.pad(exact, (*columns, *rows))
    groups = outputs if alone else 1
    z = F.conv2d(padded, weight.double(), bias.double(), stride, 0, 1, groups)
    z = {NONE: lambda x: x, RELU: F.relu, RELU6: F.relu6}[activation](z)
    (expected,) = torch.autograd.grad(z, exact, slope.double())
    assert y.shape == z.shape and relative(y, z) < 1e-6
    assert found.shape == x.shape and relative(found, expected) < CLOSE
    with reference_mode():
        assert relative(conv(x, activation), z) < 1e-6


def test_sizes_seen_before_change_no_bit():
    """Weights are laid out at the first size; a resumed render may begin with another."""
    rng = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(48, 32, 3, 3, generator=rng), torch.randn(48, generator=rng)
    small, large = (torch.randn(1, 32, n, 2 * n, generator=rng) for n in (7, 60))
    one, other = Convolution(weight, bias).to(CPU), Convolution(weight, bias).to(CPU)
    first = one(small, RELU), one(large, RELU)
    second = other(large, RELU), other(small, RELU)
    assert torch.equal(first[0], second[1]) and torch.equal(first[1], second[0])


def test_weights_that_are_trained_are_not_laid_out():
    weight = torch.randn(4, 3, 3, 3).requires_grad_()
    conv, x = Convolution(weight, torch.zeros(4)), torch.randn(1, 3, 8, 8)
    (slope,) = torch.autograd.grad(conv(x, RELU).sum(), weight)
    assert bool(slope.any())
    before = conv(x).detach()
    with torch.no_grad():
        weight.mul_(2)
    assert_close(conv(x).detach(), 2 * before)


@given(
    channels=st.integers(3, 70),
    places=st.integers(1, 150),
    batch=st.integers(1, 2),
)
def test_the_normalisation_and_its_way_back_are_those_of_float64(channels, places, batch):
    rng = torch.Generator().manual_seed(channels)
    x = 90 * torch.randn(batch, channels, 3, places, generator=rng).double()
    slope = torch.randn(x.shape, generator=rng).double()
    assert native_lrn.takes(x.float()) and not native_lrn.takes(x)
    y, back = native_lrn.forward(x.float()), native_lrn.backward(slope.float(), x.float())
    after_relu = native_lrn.backward(slope.float(), x.float(), True)
    exact = x.clone().requires_grad_()
    expected = F.local_response_norm(exact, 5, 1e-4, 0.75, 1.0)
    (wanted,) = torch.autograd.grad(expected, exact, slope)
    assert y.shape == x.shape and relative(y, expected) < 1e-6
    assert relative(back, wanted) < 1e-6
    assert relative(lrn.forward(x), expected) < 1e-12
    assert relative(lrn.backward(slope, x), wanted) < 1e-12
    assert torch.equal(after_relu, back * (x > 0))
    assert torch.equal(lrn.backward(slope, x, True), lrn.backward(slope, x) * (x > 0))


POOLS = [
    (pooling.halve, {"stride": 2, "ceil_mode": True}),
    (pooling.stay, {"stride": 1, "padding": 1}),
]
WAYS = ["native", "torchs, all kept", "torchs, half kept"]


@pytest.mark.parametrize("size", [(3, 3), (3, 4), (6, 8), (7, 9), (11, 5)])
@pytest.mark.parametrize(("pool", "how"), POOLS)
@pytest.mark.parametrize("way", WAYS)
def test_pools_and_their_way_back_are_torchs(pool, how, size, way, monkeypatch):
    """Ties too: whole numbers of a few values, of which the first in reading order counts."""
    monkeypatch.setattr(pooling, "MANY", 0 if way == "torchs, half kept" else 2**22)
    if way != "native":
        monkeypatch.setattr(pooling, "FAST", [])
    rng = torch.Generator().manual_seed(5)
    x = torch.randint(-2, 3, (2, 4, *size), generator=rng).float()
    x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    expected = F.max_pool2d(x, 3, **how)
    found = pool(x)
    assert torch.equal(found, expected)
    slope = torch.randn(expected.shape, generator=rng)
    wanted, slopes = (torch.autograd.grad(y, x, slope)[0] for y in (expected, found))
    assert torch.equal(slopes, wanted)


@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 40), st.integers(3, 30), st.integers(3, 30)),
    which=st.integers(0, 1),
    last=st.booleans(),
)
def test_native_pools_of_any_shape_are_torchs(shape, which, last):
    pool, how = POOLS[which]
    rng = torch.Generator().manual_seed(shape[1])
    x = torch.randint(-9, 10, shape, generator=rng).float()
    x = (x.to(memory_format=torch.channels_last) if last else x).requires_grad_()
    expected, found = F.max_pool2d(x, 3, **how), pool(x)
    assert torch.equal(found, expected)
    slope = torch.randn(expected.shape, generator=rng)
    wanted, slopes = (torch.autograd.grad(y, x, slope)[0] for y in (expected, found))
    assert_close(slopes, wanted)


@pytest.mark.parametrize("way", WAYS[:2])
def test_a_pool_rectifies_in_passing(way, monkeypatch):
    if way != "native":
        monkeypatch.setattr(pooling, "FAST", [])
    # Whole numbers: a largest of 0, too, lets nothing through.
    x = torch.randint(-9, 2, (1, 8, 9, 12), generator=torch.Generator().manual_seed(1)).float()
    x.requires_grad_()
    plain = F.max_pool2d(F.relu(x), 3, 2, ceil_mode=True)
    found = pooling.halve(x, rectified=True)
    assert torch.equal(found, plain) and bool((found == 0).any())
    slope = torch.randn(plain.shape, generator=torch.Generator().manual_seed(2))
    assert_close(*(torch.autograd.grad(y, x, slope)[0] for y in (found, plain)))


def test_kernels_read_parts_of_larger_activations():
    """Which lie channels last, but with gaps between them."""
    rng = torch.Generator().manual_seed(8)
    whole = torch.randn(2, 12, 6, 7, generator=rng).to(memory_format=torch.channels_last)
    part = whole[:, 2:9]
    y, places = native_pool.forward(part, 1, 1, False)
    assert torch.equal(y, F.max_pool2d(part, 3, 1, 1))
    assert_close(native_lrn.forward(part), lrn.forward(part))
    assert_close(native_lrn.backward(part, part), lrn.backward(part, part))
    back = native_pool.backward(part, places, part.shape, 1, 1)
    assert torch.equal(back, native_pool.backward(part.clone(), places, part.shape, 1, 1))


def test_without_numba_all_is_as_it_was():
    """In a fresh interpreter: what is not there is found missing at the first import."""
    program = """
import sys, torch
sys.modules["numba"] = None
from dreamvid.models.layers import lrn, pooling
x = torch.randn(1, 8, 6, 8).requires_grad_()
assert pooling.native is None and lrn.native is None
lrn.lrn(pooling.stay(pooling.halve(x, rectified=True))).sum().backward()
assert bool(x.grad.any())
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("pool", [pooling.halve, pooling.stay])
def test_what_is_no_number_comes_through_a_native_pool(pool):
    x = torch.randn(1, 3, 8, 8)
    x[0, 1, 3, 4] = torch.nan
    x[0, 2] = -torch.inf
    x.requires_grad_()
    assert native_pool.takes(x)
    with reference_mode():
        plain = pool(x)
    found, slope = pool(x), torch.randn(plain.shape)
    assert_close(found, plain, equal_nan=True)
    assert bool(plain.isnan().any())
    assert_close(*(torch.autograd.grad(y, x, slope)[0] for y in (found, plain)))


def test_a_picture_too_small_for_a_pool_is_said_to_be():
    x = torch.randn(1, 4, 1, 1)
    with pytest.raises(RuntimeError, match="too small"):
        pooling.halve(x)


def test_kernels_run_on_threads_of_their_own_where_torchs_cannot_be_had(monkeypatch):
    x = torch.randn(1, 16, 40, 50)
    expected = native_lrn.forward(x)
    asked = []
    monkeypatch.setattr(
        team, "_call", lambda: lambda *given: (asked.append(given), team._by_threads(*given))
    )
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert torch.equal(native_lrn.forward(x), expected)
    assert asked[0][-1] == 3


def fresh_lrn():
    """A kernel that is not compiled yet."""
    of = native_lrn._forward
    return native.Kernel(of._body, **dict.fromkeys(of._fields, np.int64))


def full(*given):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("harm", ["no place", "empty", "cut short", "full disk"])
def test_a_kernel_is_compiled_anew_where_it_is_not_kept_well(harm, monkeypatch, tmp_path):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "kept"))
    x = torch.randn(1, 6, 4, 5)
    monkeypatch.setattr(native_lrn, "_forward", fresh_lrn())
    native_lrn.forward(x)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    if harm in ("empty", "cut short"):
        for path in files:
            path.write_bytes(path.read_bytes()[: 0 if harm == "empty" else 30])
    elif harm == "no place":
        (tmp_path / "file").touch()
        monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "file" / "below"))
    else:
        monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "other"))
        monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    monkeypatch.setattr(native_lrn, "_forward", fresh_lrn())
    assert_close(native_lrn.forward(x), lrn.forward(x))


def test_what_a_kernel_uses_is_part_of_the_name_it_is_kept_under(monkeypatch):
    native_lrn.forward(torch.randn(1, 6, 4, 5))
    before = native_lrn._forward._body.__qualname__
    monkeypatch.setattr(native, "_sources", lambda: "others")
    kernel = fresh_lrn()
    assert kernel._address and kernel._body.__qualname__ != before


def test_without_compiling_all_is_as_it_was(monkeypatch):
    assert native_lrn.takes(torch.ones(1))
    monkeypatch.setattr(config, "DISABLE_JIT", True)
    assert not native_lrn.takes(torch.ones(1))


def kept_by(work):
    """Bytes that stay for the way back."""
    kept = []
    hooks = torch.autograd.graph.saved_tensors_hooks(
        lambda t: (kept.append(t.numel() * t.element_size()), t)[1], lambda t: t
    )
    with hooks:
        return work(), kept


@pytest.mark.parametrize("many", [0, 2**22], ids=["much", "little"])
def test_what_is_joined_is_kept_once_and_of_much_only_if_it_passed(many, monkeypatch):
    """Convolutions side by side: their results are not kept beside the whole of them."""
    monkeypatch.setattr(onednn, "MANY", many)
    rng = torch.Generator().manual_seed(4)
    convs = [
        Convolution(torch.randn(n, 6, k, k, generator=rng), torch.zeros(n)).to(CPU)
        for n, k in ((8, 1), (4, 3))
    ]
    x = torch.randn(1, 6, 9, 10, generator=rng).requires_grad_()
    y, kept = kept_by(lambda: joined(convs, x, x))
    assert kept == [12 * 9 * 10 * (4 if many else 1)]
    with reference_mode():
        plain = joined(convs, x, x)
    slope = torch.randn(y.shape, generator=rng)
    assert_close(y, plain)
    assert_close(*(torch.autograd.grad(seen, x, slope)[0] for seen in (y, plain)))


@pytest.mark.parametrize("activation", [RELU, RELU6], ids=lambda kind: kind.name)
def test_what_passed_an_activation_is_enough_for_its_way_back(activation, monkeypatch):
    monkeypatch.setattr(onednn, "MANY", 0)
    rng = torch.Generator().manual_seed(6)
    conv = Convolution(torch.randn(7, 5, 3, 3, generator=rng), torch.zeros(7)).to(CPU)
    x = torch.randn(1, 5, 19, 21, generator=rng).requires_grad_()
    y, kept = kept_by(lambda: conv(x, activation))
    assert kept == [y.numel()]
    with reference_mode():
        plain = conv(x, activation)
    assert 0.1 < float(((plain > 0) & (plain < 6)).float().mean()) < 0.9
    slope = torch.randn(y.shape, generator=rng)
    assert_close(*(torch.autograd.grad(seen, x, slope)[0] for seen in (y, plain)))


@pytest.mark.parametrize("activation", [RELU, RELU6], ids=lambda kind: kind.name)
def test_what_is_no_number_passes_an_activation_as_torchs(activation):
    y = torch.tensor([torch.nan, torch.inf, 1, 0, -1, 6, 7, -torch.inf]).view(1, 8, 1, 1)
    passed = native_rectify.passed(y, activation.most)
    found = native_rectify.before(torch.ones_like(y), passed, 0, 8)
    assert torch.equal(found, activation.back(torch.ones_like(y), y))


@given(
    size=st.tuples(st.integers(16, 70), st.integers(16, 40)),
    kind=st.sampled_from([(7, 2), (3, 2), (3, 1), (5, 1), (1, 1)]),
    band=st.sampled_from([1, 1000, 2**21]),
)
def test_bands_of_a_convolution_that_is_halved_are_the_whole(size, kind, band):
    (side, stride), rng = kind, torch.Generator().manual_seed(size[0])
    weight = torch.randn(6, 3, side, side, generator=rng)
    conv = Convolution(weight, torch.randn(6, generator=rng), stride).to(CPU)
    x = torch.randn(1, 3, *size, generator=rng).requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(banded, "BAND", band)
        y = banded.convolve_and_halve(x, conv)
        slope = torch.randn(y.shape, generator=rng)
        (found,) = torch.autograd.grad(y, x, slope)
    exact = x.detach().double().requires_grad_()
    z = F.conv2d(exact, weight.double(), conv.bias.double(), stride, side // 2)
    plain = F.relu(F.max_pool2d(z, 3, 2, ceil_mode=True))
    (wanted,) = torch.autograd.grad(plain, exact, slope.double())
    assert y.shape == plain.shape and relative(y, plain) < 1e-6
    assert found.shape == x.shape and relative(found, wanted) < CLOSE


@given(
    size=st.tuples(st.integers(16, 60), st.integers(16, 30)),
    side=st.sampled_from([1, 3, 5]),
    band=st.sampled_from([1, 1000, 2**21]),
)
def test_bands_of_a_normalisation_that_is_halved_are_the_whole(size, side, band):
    rng = torch.Generator().manual_seed(size[1])
    weight = 60 * torch.randn(9, 3, side, side, generator=rng)
    conv = Convolution(weight, torch.randn(9, generator=rng)).to(CPU)
    x = torch.randn(1, 3, *size, generator=rng).requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(banded, "BAND", band)
        y = banded.convolve_normalise_and_halve(x, conv)
        slope = torch.randn(y.shape, generator=rng)
        (found,) = torch.autograd.grad(y, x, slope)
    exact = x.detach().double().requires_grad_()
    z = F.relu(F.conv2d(exact, weight.double(), conv.bias.double(), 1, side // 2))
    plain = F.max_pool2d(F.local_response_norm(z, 5, 1e-4, 0.75, 1.0), 3, 2, ceil_mode=True)
    (wanted,) = torch.autograd.grad(plain, exact, slope.double())
    assert relative(y, plain) < 1e-6 and relative(found, wanted) < CLOSE


def test_what_is_halved_in_bands_is_never_there_as_a_whole(networks):
    image = torch.rand(1, 3, 96, 128).requires_grad_()
    network, size = networks["googlenet"], 48 * 64
    _, kept = kept_by(lambda: network(image, ["pool1/3x3_s2"]))
    assert 64 * size * 4 not in kept and 64 * size // 4 in kept
    _, kept = kept_by(lambda: network(image, ["pool2/3x3_s2"]))
    assert kept.count(192 * size // 4 * 4) == 1  # the second convolution's, not its normal


def slope_of(features, image, layer):
    image = image.clone().requires_grad_()
    (seen,) = features(image, [layer]).values()
    return torch.autograd.grad(0.5 * seen.pow(2).sum(), image)[0]


@pytest.fixture(scope="module")
def networks():
    weights = {k: torch.tensor(v) for k, v in reference.random_googlenet().items()}
    return {
        "googlenet": FeatureModel("googlenet", GoogLeNet(weights), CAFFE, CPU),
        "lite0": store.load("lite0", CPU),
    }


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
def test_a_networks_gradient_is_that_of_the_plain_way(networks, name, layer, size):
    found = []
    for seed in range(5):
        image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed))
        fast = slope_of(networks[name], image, layer)
        with reference_mode():
            assert in_reference_mode()
            plain = slope_of(networks[name], image, layer)
        assert not in_reference_mode() and bool(plain.any())
        found.append(relative(fast, plain.double()))
    # Rounding may make another pixel the largest of a pool, which all below it then see.
    assert median(found) < CLOSE and max(found) < 0.02, found


def test_a_convolution_is_seen_before_its_relu_beside_what_follows(networks):
    image = torch.rand(1, 3, 64, 80, generator=torch.Generator().manual_seed(2))
    names = ["inception_3a/3x3", "inception_3a/output"]
    both = networks["googlenet"](image, names)
    alone = networks["googlenet"](image, names[1:])
    assert bool((both[names[0]] < 0).any())
    assert_close(both[names[0]].relu(), both[names[1]][:, 64:192])
    assert_close(alone[names[1]], both[names[1]])
