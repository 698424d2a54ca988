"""Whole batches, small, through the command line; workers and all of it are killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dreamvid.render.batch.jobs import load_jobs

JOBS = """
presets = ["quickstart", "tide"]
seeds = [1]
size = "64x36"
frames = {frames}
fps = 4
model = "lite0"
settings = [["dream.octaves=1", "dream.steps=1", "dream.pyramid=0", "outputs.loop=false"]]
"""


@pytest.fixture
def start(tmp_path, models_home):
    begun = []

    def begin(*words, frames=8):
        (tmp_path / "jobs.toml").write_text(JOBS.format(frames=frames))
        command = [sys.executable, "-m", "dreamvid", "batch", "jobs.toml", "--out", "out", *words]
        kept = {"OMP_NUM_THREADS": "1", "DREAMVID_HOME": str(models_home)}
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=os.environ | kept,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=300)


def wait_for(pattern, folder, process):
    for _ in range(6000):  # five minutes: others may use the processors
        if found := sorted(folder.glob(pattern)):
            return found
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise AssertionError(f"{pattern} never appeared")


def check_all(tmp_path, check_films):
    for job in load_jobs(tmp_path / "jobs.toml").jobs:
        check_films(tmp_path / "out" / job.name, job.preset)


@pytest.mark.slow
def test_batch_resumes_after_a_kill_and_is_shared_by_two_commands(tmp_path, start, check_films):
    first = start(frames=24)
    wait_for(".queue/frames/*", tmp_path / "out", first)
    first.kill()
    first.wait()
    both = [start("--json", frames=24) for _ in range(2)]
    for process in both:
        out, error = process.communicate(timeout=500)
        assert process.returncode == 0, error
        found = json.loads(out)
        assert [one["state"] for one in found] == ["done"] * 2
    with (tmp_path / "out" / "summary.csv").open() as file:
        assert [row["frames"] for row in csv.DictReader(file)] == ["24"] * 2
    check_all(tmp_path, check_films)


@pytest.mark.slow
def test_batch_goes_on_after_a_failed_job(tmp_path, start):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tide-seed1-octaves=1-steps=1-pyramid=0-loop=false").write_text("a file")
    process = start("--retries", "1")
    out, error = process.communicate(timeout=500)
    assert process.returncode == 6 and "1 of 2 jobs failed: tide-seed1" in error
    rows = [line.split("\t") for line in out.splitlines() if "\t" in line]
    assert sorted(row[1] for row in rows) == ["done", "failed"]
    assert next(row[5] for row in rows if row[1] == "failed") == "2"  # tries


@pytest.mark.slow
def test_batch_stop_keeps_all_frames(tmp_path, start):
    process = start(frames=24)
    wait_for(".queue/frames/*", tmp_path / "out", process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=300)
    assert process.returncode == 130 and "the same command goes on" in error
    assert not list((tmp_path / "out" / ".queue" / "claimed").glob("*"))


@pytest.mark.slow
def test_batch_stop_before_a_worker_prints_how_to_resume(tmp_path, start):
    process = start()
    wait_for(".queue/log-*", tmp_path / "out", process)
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=300)
    assert process.returncode == 130 and "the same command goes on" in error
    assert out.count("\twaiting\t") == 2
    assert not list((tmp_path / "out" / ".queue" / "claimed").glob("*"))


def listening(home):
    """Addresses, as Linux writes them, of all processes that have this $DREAMVID_HOME."""
    sockets = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(home).encode() in (process / "environ").read_bytes():
                sockets |= {os.readlink(file) for file in (process / "fd").iterdir()}
        except OSError:  # it ends, or is another user's
            continue
    lines = [line.split() for name in ("tcp", "tcp6") for line in _table(name)]
    return [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets]


def _table(name):
    path = Path("/proc/net") / name
    return path.read_text().splitlines()[1:] if path.exists() else []


@pytest.mark.slow
def test_batch_on_ray_resumes_after_a_kill(tmp_path, start, check_films, models_home):
    pytest.importorskip("ray")
    process = start("--ray", "--workers", "2", frames=24)
    queue = tmp_path / "out" / ".queue"
    wait_for("frames/*", queue, process)
    if sys.platform == "linux":
        found = listening(models_home)
        assert found and all("0100007F:" in one for one in found), found
    (claim, *_) = wait_for("claimed/*~*", queue, process)
    os.kill(int(claim.stem.split("~")[2]), signal.SIGKILL)
    out, error = finished(process, lambda: start("--ray", "--workers", "2", frames=24))
    assert "raylet" not in out + error and out.count("\tdone\t") == 2
    done = [json.loads(path.read_text()) for path in (queue / "done").glob("*.json")]
    assert max(ticket["tries"] for ticket in done) >= 2
    check_all(tmp_path, check_films)


def finished(process, again):
    """Run a batch to its end, repeated where Ray lost more than the worker."""
    for _ in range(2):
        try:
            out, error = process.communicate(timeout=150)
            if process.returncode == 0:
                return out, error
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        process = again()
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    return out, error
