"""Ctrl-C at any moment of a command: exit 130, one line, and nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid import cli
from dreamvid.errors import VideoError
from tests.support.command import run

COMMANDS = {
    "export": ("export", "a.mp4", "--out", "o.mp4"),
    "reverse": ("reverse", "a.mp4", "--out", "o.mp4"),
    "loop": ("loop", "a.mp4", "--out", "o.mp4"),
    "dream": ("dream", "a.png", "--out", "o.png"),
    "describe": ("describe", "a.png"),
    "estimate": ("estimate", "quickstart"),
}
PROGRAM = "import sys; from dreamvid.cli import main; print(flush=True); sys.exit(main())"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    PilImage.fromarray(noise).save("a.png")
    with av.open("a.mp4", "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, width=320, height=180)
        stream.pix_fmt = "yuv420p"
        for n in range(150):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, 3 * n, 1), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 2.0])
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_is_exit_130_with_nothing_half_written(command, seconds, here):
    before = {path.name for path in here.iterdir()}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *COMMANDS[command]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == "\n"  # Python itself has started
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    left = {path.name for path in here.iterdir()} - before - {"home"}
    if process.returncode in (0, -signal.SIGINT):  # it was done before
        assert "Traceback" not in error
        return
    assert process.returncode == 130, error
    assert error.splitlines()[-1] == "dreamvid: stopped" and "Traceback" not in error
    assert left == set()


@pytest.mark.parametrize("error", [VideoError("Immediate exit requested"), RecursionError("deep")])
def test_an_error_that_a_library_makes_of_ctrl_c_is_exit_130(error, monkeypatch, capsys):
    def interrupted(_argv):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            raise error from None

    monkeypatch.setattr(cli, "_run", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code, _, said = run(capsys, "doctor")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, said) == (130, "dreamvid: stopped\n")
    monkeypatch.setattr(cli, "_run", lambda _argv: 0)
    assert run(capsys, "doctor")[0] == 0
