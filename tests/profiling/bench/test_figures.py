"""Spreads, parts of time and memory, against NumPy, sums and what was really taken."""

import os
import time

import numpy as np
import pytest
import torch

from dreamvid.profiling.bench import peak
from dreamvid.profiling.bench.clock import REST, Stopwatch, seconds
from dreamvid.profiling.bench.device_rates import Rates
from dreamvid.profiling.bench.peak import with_peaks
from dreamvid.profiling.bench.spread import Spread, spread_of

CPU = torch.device("cpu")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 10])
def test_spread_equals_numpys_quartiles(count):
    values = np.random.default_rng(count).exponential(size=count)
    found = spread_of(values.tolist())
    expected = np.percentile(values, [50, 25, 75])
    np.testing.assert_allclose([found.median, found.low, found.high], expected, rtol=1e-12)


def test_spread_of_a_ratio_combines_both():
    ratio = Spread(6.0, 5.0, 8.0).over(Spread(2.0, 1.0, 2.5))
    assert ratio == Spread(3.0, 2.0, 8.0)


def test_stopwatch_parts_interrupt_each_other(monkeypatch):
    ticks = iter([0.0, 1.0, 3.0, 6.0, 10.0, 15.0])  # seconds, one for each border
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    watch = Stopwatch(CPU)
    with watch.part("motion"), watch.part("dream"):
        pass
    assert watch.seconds() == {REST: 1.0 + 5.0, "motion": 2.0 + 4.0, "dream": 3.0}


def test_stopwatch_part_ends_on_failure():
    watch = Stopwatch(CPU)
    with pytest.raises(KeyError), watch.part("dream"):
        raise KeyError
    with watch.part("motion"):
        pass
    assert set(watch.seconds()) == {REST, "dream", "motion"}


def test_seconds_are_of_the_work(monkeypatch):
    ticks = iter([2.0, 2.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    assert seconds(lambda: None, CPU) == 0.5


def test_rates_are_operations_and_bytes_per_second(monkeypatch):
    monkeypatch.setattr("dreamvid.profiling.bench.device_rates.CPU_SIDE", 64)
    monkeypatch.setattr("dreamvid.profiling.bench.device_rates.COPIED", 4096)
    rates = Rates(CPU)
    monkeypatch.setattr(
        "dreamvid.profiling.bench.device_rates.seconds", lambda work, device: (work(), 0.5)[1]
    )
    assert rates.matrix() == 2 * 64**3 / 0.5
    assert rates.copy() == 2 * 4096 / 0.5
    assert torch.equal(rates._product, rates._matrix @ rates._matrix)
    assert torch.equal(rates._to, rates._from)


@pytest.mark.skipif(not os.access(peak.CLEAR, os.W_OK), reason="only Linux resets its peak")
def test_peak_is_of_this_work_alone():
    before = torch.ones(60_000_000)  # 240 MB that are gone again
    del before
    _, memory = with_peaks(lambda: torch.ones(30_000_000).sum(), CPU)  # 120 MB
    found = memory["process"]
    assert found.peak is not None and found.baseline is not None
    assert 110e6 < found.peak - found.baseline < 180e6


@pytest.mark.skipif(not os.access(peak.CLEAR, os.W_OK), reason="only Linux resets its peak")
def test_peak_is_not_hidden_by_freed_memory():
    def work():
        blocks = [torch.ones(25_000) for _ in range(1200)]  # 120 MB; so small, they are kept
        return blocks[-1]  # which keeps the allocator from giving back what lies below

    _kept = work()
    _, memory = with_peaks(work, CPU)
    found = memory["process"]
    assert found.peak is not None and found.baseline is not None
    assert found.peak - found.baseline > 100e6


def test_peak_is_none_where_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(peak, "STATUS", tmp_path / "status")
    monkeypatch.setattr(peak, "CLEAR", tmp_path / "no" / "clear_refs")
    _, memory = with_peaks(lambda: None, CPU)
    assert memory["process"].peak is None
