"""The choice of kernels, and what is remembered of those that do not work."""

import logging
import subprocess
import sys

import pytest
import torch

from dreamvid.models.layers import kernels
from dreamvid.models.layers.kernels import choose, optional, self_check, status
from dreamvid.models.layers.reference_mode import reference_mode

CPU = torch.device("cpu")


class Kernel:
    def __init__(self, *types):
        self.types = types

    def supports(self, x):
        return x.dtype in self.types


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(kernels, "_status", {})
    monkeypatch.setattr(kernels, "_checks", [])


def test_choose_takes_the_first_kernel_that_supports_the_input():
    half, both = Kernel(torch.float16), Kernel(torch.float16, torch.float32)
    single, double = torch.ones(1), torch.ones(1).double()
    assert choose([None, half, both], single) is both
    assert choose([None, half, both], single.half()) is half
    assert choose([half, both], double) is None
    with reference_mode():
        assert choose([half, both], single) is None


def test_kernel_without_its_library_is_noted():
    program = """
import sys
sys.modules["numba"] = sys.modules["triton"] = None
import dreamvid.dream.step
from dreamvid.models.layers import kernels, lrn, onednn, pooling, cudnn
assert not any([*lrn.KERNELS, *pooling.KERNELS, cudnn.relu, onednn.relu])
assert all(kernels.status()[name].startswith("not used: ") for name in ("numba", "triton"))
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    with pytest.raises(ImportError):  # not one of an optional library
        optional("dreamvid.models.layers.nothing")


def raise_error(device):
    raise RuntimeError("no C compiler\nand more")


@pytest.mark.parametrize(
    ("check", "outcome"),
    [
        (lambda device: True, "works"),
        (lambda device: False, "not used: its results are wrong"),
        (raise_error, "not used: RuntimeError: no C compiler"),
    ],
)
def test_kernel_that_fails_its_check_is_noted_and_logged_once(check, outcome, caplog):
    calls = []
    checked = self_check("mine")(lambda device: (calls.append(device), check(device))[1])
    assert status() == {}
    with caplog.at_level(logging.WARNING):
        assert checked(CPU) == checked(CPU) == (outcome == "works")
    assert calls == [CPU] and status() == {"mine": outcome}
    assert caplog.messages == ([] if outcome == "works" else [f"mine: {outcome}"])


def test_every_kernel_is_checked_and_its_first_problem_stays():
    self_check("good")(lambda device: True)
    self_check("bad")(raise_error)
    kernels.note("bad", "first")
    assert kernels.check_all(CPU) == {"bad": "not used: first", "good": "works"}
