"""Too little memory is one line with a cure, wherever it runs out: libraries, network, dream."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as PilImage

resource = pytest.importorskip("resource", reason="Windows has no such limits")

RENDER = (
    "--size",
    "64x64",
    "--frames",
    "2",
    "--set",
    "dream.steps=1",
    "--set",
    "outputs.loop=false",
)
COMMANDS = {
    "dream": ("dream", "a.png", "--out", "b.png"),
    "dream in tiles": ("dream", "a.png", "--out", "b.png", "--set", "dream.tile=64"),
    "large dream": ("dream", "a.png", "--out", "b.png", "--size", "1200x1200"),
    "describe": ("describe", "a.png"),
    "render": ("render", "quickstart", *RENDER, "--out", "film"),
    "estimate": ("estimate", "quickstart", *RENDER),
}
LIMITS = (2_900, 3_875, 4_300)  # MB of addresses: libraries, kernels and the dream run out


@pytest.mark.slow
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("command", COMMANDS)
def test_too_little_memory_is_one_line(command, limit, tmp_path, models_home):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    PilImage.fromarray(pixels).save(tmp_path / "a.png")
    done = subprocess.run(
        [sys.executable, "-m", "dreamvid", *COMMANDS[command]],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1", "DREAMVID_HOME": str(models_home)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit * 10**6,) * 2),
    )
    if done.returncode == 0:
        return
    *notes, error = done.stderr.splitlines()
    assert done.returncode == 1, done.stderr
    assert error.startswith("dreamvid: ") and "out of memory" in error
    assert all(note.startswith(("note: ", "Quickstart")) for note in notes), done.stderr
