import os
import signal
import subprocess
import sys

import av
import pytest

from dreamvid.media.metadata import embed, read_record
from tests.export.reverse.test_reverse import INTRA, NOISE, PICTURES, ffmpeg, packets
from tests.support.command import run

RECORD = {"format": "dreamvid record 1", "preset": {}, "made_by": ["dreamvid render"]}


@pytest.fixture
def film(tmp_path):
    ffmpeg(*PICTURES, *NOISE, "-c:v", "libx264", "-g", 1, "-c:a", "aac", tmp_path / "a.mp4")
    embed(tmp_path / "a.mp4", RECORD)
    return tmp_path / "a.mp4"


def test_reverse_has_a_name_and_a_record(film, capsys):
    code, out, _ = run(capsys, "reverse", film)
    made = film.with_name("a-reverse.mp4")
    assert code == 0 and "bit for bit" in out and str(made) in out
    assert packets(made) == packets(film)[::-1]
    record = read_record(made)
    assert record and record["made_by"] == ["dreamvid render", "dreamvid reverse"]
    assert {path.name for path in film.parent.glob("*.*")} == {"a.mp4", "a-reverse.mp4"}


def test_reverse_of_a_folder_is_of_its_forward_film(film, tmp_path, capsys):
    (tmp_path / "forward.mp4").write_bytes(film.read_bytes())
    assert run(capsys, "reverse", tmp_path, "--out", tmp_path / "b.mp4")[0] == 0
    assert packets(tmp_path / "b.mp4") == packets(film)[::-1]


@pytest.mark.parametrize("sound,streams", [("reverse", 1), ("keep", 1), ("drop", 0)])
def test_reverse_sound(sound, streams, film, tmp_path, capsys):
    assert run(capsys, "reverse", film, "--sound", sound, "--out", tmp_path / "b.mkv")[0] == 0
    with av.open(str(tmp_path / "b.mkv")) as made:
        assert len(made.streams.audio) == streams


def test_reverse_of_a_silent_film(tmp_path, capsys):
    ffmpeg(*PICTURES, "-c:v", "mjpeg", tmp_path / "a.mov")
    code, _, _ = run(capsys, "reverse", tmp_path / "a.mov", "--sound", "reverse")
    with av.open(str(tmp_path / "a-reverse.mov")) as made:
        assert code == 0 and not made.streams.audio


def test_avi_has_no_record(tmp_path, capsys):
    ffmpeg(*PICTURES, *INTRA["ffv1.mkv"], tmp_path / "a.mkv")
    embed(tmp_path / "a.mkv", RECORD)
    code, _, error = run(capsys, "reverse", tmp_path / "a.mkv", "--out", tmp_path / "b.avi")
    assert code == 0 and ".avi carries no record" in error
    assert packets(tmp_path / "b.avi") == packets(tmp_path / "a.mkv")[::-1]


@pytest.mark.parametrize(
    "words,message",
    [
        (("a.mp4", "--out", "a.mp4"), "a.mp4 is the film itself"),
        (("a.mp4", "--out", "./x/../a.mp4"), "is the film itself"),
        (("none.mp4",), "none.mp4: does not exist"),
        (("a.mp4", "--out", "b.txt"), "has the ending of no film"),
        (("a.mp4", "--out", "b.gif"), "has the ending of no film"),
        (("a.mp4", "--sound", "loud"), "'loud' is not one of"),
        (("a.mp4", "--out", "b.avi"), "is written without sound"),
        (("notes.txt",), "is no film"),
        ((".",), "holds no forward film"),
    ],
)
def test_mistakes_are_one_line(words, message, film, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "notes.txt").write_text("words")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    code, _, error = run(capsys, "reverse", *words)
    assert code != 0 and message in error and error.count("\n") == 1, error
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before


STOP = """
import sys, time
import dreamvid.export.reverse.reverse as reverse
from dreamvid.cli import main

real = reverse.Sampler.__call__
def slow(self, frame):
    print("frame", flush=True)
    time.sleep(0.2)
    return real(self, frame)
reverse.Sampler.__call__ = slow
sys.exit(main(["reverse", sys.argv[1]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_leaves_nothing_behind(number, tmp_path):
    ffmpeg(*PICTURES, "-c:v", "libx264", tmp_path / "a.mp4")
    command = [sys.executable, "-c", STOP, str(tmp_path / "a.mp4")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        for _ in range(3):
            process.stdout.readline()
        os.kill(process.pid, number)
        error = process.stderr.read().decode()
    assert process.returncode == 130 and error.splitlines() == ["dreamvid: stopped"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_progress_of_long_films(tmp_path, capsys, monkeypatch):
    ffmpeg(*PICTURES, "-c:v", "libx264", tmp_path / "a.mp4")
    clock = iter(range(0, 10**6, 3))
    monkeypatch.setattr("dreamvid.cli.terminal.console.time", FakeTime(clock))
    code, out, error = run(capsys, "reverse", tmp_path / "a.mp4")
    assert code == 0 and "%" not in out
    lines = [line for line in error.splitlines() if line.startswith("reversing: ")]
    assert any(line.endswith(" left") and "%, " in line for line in lines), error


class FakeTime:
    def __init__(self, clock):
        self.clock = clock

    def monotonic(self):
        return next(self.clock)
