"""Estimates against what real renders of tiny films take, each in a process of its own."""

import json
import subprocess
import sys

import pytest
import torch
from torch.testing import assert_close

from dreamvid.cli import main
from dreamvid.preset.load import load_preset
from dreamvid.profiling.estimate import estimate
from dreamvid.profiling.sample_encode import tile_mirrored

TINY = ["--size", "96x64", "--frames", "12"]
TINY += ["--set", "dream.octaves=2", "--set", "dream.steps=2", "--set", "dream.every=1"]


# What rusage tells of a child begins with the size of its parent; this is its own.
WATCHED = """
import sys
from dreamvid.cli import main
code = main(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")),
      file=sys.stderr)
sys.exit(code)
"""


def peak_of(*words):
    """The most resident memory of a command, in bytes, and its output."""
    command = [sys.executable, "-c", WATCHED, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stderr.split()[-1]) * 1024, done.stdout


def bytes_in(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is told in other units")
def test_estimate_is_close_to_a_render(tmp_path):
    _, said = peak_of("estimate", "quickstart", *TINY, "--json")
    found, out = json.loads(said), tmp_path / "film"
    peak, _ = peak_of("render", "quickstart", *TINY, "--out", out)
    assert (found["frames"], found["dreamed"], found["size"]) == (12, 12, "96x64")
    assert (found["tile"], found["gpu"], found["device"]) == (None, 0, "cpu")
    assert {*found["seconds"]} == {
        *("start", "dream", "motion", "colour", "encoding", "films", "total")
    }
    assert {*found["memory"]} == {"program", "dream", "frames", "encoding", "total"}
    assert {*found["disk"]} == {"work", "films", "loop", "stills", "total"}
    for name in ("seconds", "memory", "disk"):
        *parts, total = found[name].values()
        assert total == pytest.approx(sum(parts)) and min(parts) >= 0
    assert found["seconds_per_frame"] == pytest.approx(found["seconds"]["total"] / 12, abs=1e-3)
    assert found["seconds"]["dream"] > found["seconds"]["motion"] > 0
    assert 0.7 < found["memory"]["total"] / peak < 1.4
    assert 0.5 < found["disk"]["work"] / bytes_in(out / ".render") < 2
    films = (out / "forward.mp4").stat().st_size + (out / "reverse.mp4").stat().st_size
    assert 0.5 < found["disk"]["films"] / films < 2
    assert 0.5 < found["disk"]["loop"] / (out / "loop.gif").stat().st_size < 2
    assert 0.5 < found["disk"]["total"] / bytes_in(out) < 2


def of(*settings):
    tiny = ['start.size="64x48"', "video.frames=12", "dream.octaves=1"]
    tiny += ["dream.steps=3", "dream.every=1"]
    return estimate(load_preset("quickstart", [*tiny, *settings]), torch.device("cpu"))


@pytest.mark.slow
def test_estimate_counts_dreamed_and_lead_frames():
    film = of("dream.every=4", "video.frames=13")
    assert (film.frames, film.dreamed) == (13, 4)
    loop = of('loop.kind="cross-fade"', "loop.seconds=0.125", "loop.warm_up=0.25")
    assert (loop.frames, loop.dreamed) == (12, 12 + 3 + 6)
    kept = loop.disk["work"] - of().disk["work"]
    assert kept == pytest.approx(3 * 64 * 48 * 6, rel=0.5)  # three frames of half precision


@pytest.mark.slow
def test_estimate_of_tiles_has_less_memory():
    sizes = ['start.size="640x64"', 'dream.layers=["block_3/expand"]', "video.frames=1"]
    whole, tiles = of(*sizes), of(*sizes, "dream.tile=64")
    assert (whole.tile, tiles.tile) == (None, 64)
    assert tiles.memory["dream"] < 0.4 * whole.memory["dream"]


def test_estimate_of_a_film_without_a_dream():
    still = of("dream.layers=[{name='block_3/expand', weight='0 * t'}]")
    assert still.memory["dream"] == 0 and still.disk["films"] > 0


@pytest.mark.slow
def test_estimate_of_outputs_left_out_is_zero():
    lean = of("outputs.loop=false", "outputs.reverse=false")
    full = of("outputs.stills=[0, 3, 99]")
    assert lean.disk["loop"] == 0 and full.disk["loop"] > 0
    assert full.disk["films"] == pytest.approx(2 * lean.disk["films"], rel=0.2)
    assert full.disk["stills"] == pytest.approx(3 * lean.disk["stills"], rel=0.2)


def test_tile_mirrored_has_no_seams():
    image = torch.arange(6.0).reshape(1, 1, 2, 3).expand(1, 3, 2, 3)
    laid = tile_mirrored(image, (5, 7))
    assert laid.shape == (1, 3, 5, 7)
    assert_close(laid[0, 0, 0], torch.tensor([0.0, 1, 2, 2, 1, 0, 0]))
    assert_close(laid[0, 0, :, 0], torch.tensor([0.0, 3, 3, 0, 0]))
    assert_close(tile_mirrored(image, (2, 2)), image[..., :2])


@pytest.mark.slow
def test_estimate_command_prints_all_parts(capsys):
    words = ["--size", "64x48", "--frames", "2", "--set", "dream.octaves=1"]
    assert main(["estimate", "quickstart", *words]) == 0
    said = capsys.readouterr().out
    assert "2 frames of 64x48 on" in said
    for part in ("time ", "dream ", "motion ", "memory ", "encoding ", "disk ", "work "):
        assert part in said
    assert main(["estimate", "quickstart", "--size", "63x36"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
