"""numba's kernels: layouts, threads, the cache of compiled code, and dreams without numba."""

import errno
import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from numba.core import config
from safetensors.torch import load_file
from torch.testing import assert_close

from dreamvid.models.layers import lrn_reference, onednn
from dreamvid.models.layers import numba as base
from dreamvid.models.layers.numba import lrn as numba_lrn
from dreamvid.models.layers.numba import pool as numba_pool
from dreamvid.models.layers.numba import threads
from tests.support.compare import CLOSE, relative_error
from tests.support.networks import LAYERS, features_and_gradients


@pytest.mark.slow
def test_dream_without_numba_is_the_same(tmp_path, monkeypatch):
    program = f"""
import sys
sys.modules["numba"] = None
from safetensors.torch import save_file
from dreamvid.models.layers import kernels, lrn, pooling
from tests.support.networks import features_and_gradients
results = features_and_gradients()
assert kernels.status()["numba"].startswith("not used: "), kernels.status()
save_file({{k: v.detach().contiguous() for k, v in results.items()}}, {str(tmp_path / "r")!r})
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    monkeypatch.setattr(onednn, "MASK_FROM", 0)  # as for a large image
    without, with_numba = load_file(tmp_path / "r"), features_and_gradients()
    assert len(without) == 2 * sum(map(len, LAYERS.values()))
    assert without.keys() == with_numba.keys()
    for name, expected in without.items():
        assert relative_error(with_numba[name], expected.double()) < CLOSE, name


def test_numba_kernels_read_slices_of_channels():
    """Which lie channels last, but with gaps between them."""
    rng = torch.Generator().manual_seed(8)
    whole = torch.randn(2, 12, 6, 7, generator=rng).to(memory_format=torch.channels_last)
    part = whole[:, 2:9]
    y, indices = numba_pool.forward(part, 1, 1, False)
    assert torch.equal(y, F.max_pool2d(part, 3, 1, 1))
    assert_close(numba_lrn.forward(part), lrn_reference.forward(part))
    assert_close(numba_lrn.backward(part, part), lrn_reference.backward(part, part))
    grad = numba_pool.backward(part, indices, part.shape, 1, 1)
    assert torch.equal(grad, numba_pool.backward(part.clone(), indices, part.shape, 1, 1))


def test_numba_kernels_run_on_a_thread_pool_without_openmp(monkeypatch):
    x = torch.randn(1, 16, 40, 50)
    expected = numba_lrn.forward(x)
    calls = []
    run = lambda *args: (calls.append(args), threads._by_thread_pool(*args))
    monkeypatch.setattr(threads, "_runner", lambda: run)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert torch.equal(numba_lrn.forward(x), expected)
    assert calls[0][-1] == 3


def fresh_kernel():
    """The forward kernel of the normalisation, not compiled yet."""
    kernel = numba_lrn._forward
    return base.Kernel(kernel._body, *kernel._fields)


def full_disk(*args):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["no folder", "empty", "cut short", "full disk"])
def test_numba_kernel_is_compiled_again_if_its_cache_is_damaged(harm, monkeypatch, tmp_path):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    x = torch.randn(1, 6, 4, 5)
    monkeypatch.setattr(numba_lrn, "_forward", fresh_kernel())
    numba_lrn.forward(x)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    if harm in ("empty", "cut short"):
        for path in files:
            path.write_bytes(path.read_bytes()[: 0 if harm == "empty" else 30])
    elif harm == "no folder":
        (tmp_path / "file").touch()
        monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "file" / "below"))
    else:
        monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "other"))
        monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full_disk)
    monkeypatch.setattr(numba_lrn, "_forward", fresh_kernel())
    assert_close(numba_lrn.forward(x), lrn_reference.forward(x))


def test_numba_cache_key_covers_all_sources(monkeypatch):
    numba_lrn.forward(torch.randn(1, 6, 4, 5))
    before = numba_lrn._forward._body.__qualname__
    monkeypatch.setattr(base, "_sources", lambda: "others")
    kernel = fresh_kernel()
    assert kernel._address and kernel._body.__qualname__ != before


def test_numba_kernels_are_not_used_with_the_compiler_disabled(monkeypatch):
    assert numba_lrn.supports(torch.ones(1))
    monkeypatch.setattr(config, "DISABLE_JIT", True)
    assert not numba_lrn.supports(torch.ones(1))
