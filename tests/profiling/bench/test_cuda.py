"""Timing on a GPU: events instead of waiting, GPU memory, and copies to the host."""

import pytest
import torch

from dreamvid.preset.load import load_preset
from dreamvid.profiling.bench.clock import REST, Stopwatch, seconds
from dreamvid.profiling.bench.film import PARTS, measure_film
from dreamvid.profiling.bench.peak import with_peaks

pytestmark = pytest.mark.cuda
CYCLES = 200_000_000  # of a GPU's clock: over 50 ms on any


def device():
    return torch.device("cuda")


def test_queued_work_is_timed():
    assert seconds(lambda: torch.cuda._sleep(CYCLES), device()) > 0.05


def test_part_has_the_devices_time():
    watch = Stopwatch(device())
    with watch.part("dream"):
        torch.cuda._sleep(CYCLES)
    spent = watch.seconds()
    assert spent["dream"] > 0.05 > spent[REST]


def test_peak_is_of_gpu_memory():
    _, memory = with_peaks(lambda: torch.ones(2**24, device=device()), device())
    found = memory["gpu"]
    assert found.baseline is not None and found.peak is not None
    assert found.peak - found.baseline == 4 * 2**24


def test_parts_add_up_to_the_film():
    settings = ["start.size=128x96", "video.frames=3", "dream.octaves=1", "outputs.loop=false"]
    times = measure_film("small", (128, 96), load_preset("quickstart", settings), device())
    assert sum(times.shares.values()) == pytest.approx(1.0, abs=1e-6)
    assert all(times.parts[name] > 0 for name in set(PARTS) - {"colour"})
    assert {"gpu", "process"} == set(times.memory)
