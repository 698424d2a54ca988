"""Measurement of the studio, by a window of its own."""

import os
from pathlib import Path

import pytest

from dreamvid.studio.bench.client import memory_of
from dreamvid.studio.bench.measure import measure

PRESET = """
model = "lite0"
[start]
kind = "dusk"
size = "128x72"
[dream]
octaves = 1
steps = 1
layers = ["block_3/expand"]
[motion]
zoom = 1.2
[video]
fps = 12
frames = 24
"""


@pytest.mark.slow
def test_a_studio_is_measured(tmp_path):
    preset = tmp_path / "small.toml"
    preset.write_text(PRESET)
    found = measure(str(preset), 96, 5, "cpu", moves=3)
    assert found.size == "96x54"
    assert found.first_picture > 0 and found.first_dream > 0
    assert 0 < found.dreamed <= 13 and 0 < found.shown < 60
    assert 0 < found.control_median <= found.control_worst
    assert found.memory_before is None or found.memory_before > 100e6


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_memory_is_that_of_a_whole_family():
    mine, pages = memory_of(os.getpid()), Path("/proc/self/statm").read_text().split()[1]
    assert mine and mine > 0.5 * int(pages) * os.sysconf("SC_PAGE_SIZE")
