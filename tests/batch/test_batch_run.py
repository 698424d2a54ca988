"""Whole batches, small, through the command line; workers and all of it are killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import av
import pytest
import torch

from dreamvid.batch.jobs import load_jobs
from dreamvid.render import render_film

JOBS = """
presets = ["quickstart", "tide"]
seeds = [1, 2]
size = "64x36"
frames = {frames}
fps = 4
model = "lite0"
settings = [["dream.octaves=1", "dream.steps=1", "dream.pyramid=0", "outputs.loop=false"]]
"""


def packets(path):
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        return [(p.pts, p.dts, bytes(p)) for p in film.demux(stream) if p.size]


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
        process.communicate(timeout=120)


def wait_for(pattern, folder, process):
    for _ in range(1200):
        if found := sorted(folder.glob(pattern)):
            return found
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise AssertionError(f"{pattern} never appeared")


def check_films(tmp_path):
    """Those of the batch are, packet for packet, those of plain renders."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for job in load_jobs(tmp_path / "jobs.toml").jobs:
            plain = tmp_path / "plain" / job.name
            render_film(job.preset, plain, device=torch.device("cpu"))
            for name in ("forward.mp4", "reverse.mp4"):
                assert packets(plain / name) == packets(tmp_path / "out" / job.name / name)
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_a_batch_that_is_killed_goes_on_and_two_terminals_share_it(tmp_path, start):
    first = start(frames=40)
    wait_for(".queue/frames/*", tmp_path / "out", first)
    first.kill()
    first.wait()
    both = [start("--json", frames=40) for _ in range(2)]
    for process in both:
        out, error = process.communicate(timeout=200)
        assert process.returncode == 0, error
        found = json.loads(out)
        assert [one["state"] for one in found] == ["done"] * 4
    with (tmp_path / "out" / "summary.csv").open() as file:
        assert [row["frames"] for row in csv.DictReader(file)] == ["40"] * 4
    workers = {
        json.loads(path.read_text())["worker"]
        for path in (tmp_path / "out" / ".queue" / "done").glob("*.json")
    }
    assert len(workers) >= 2
    check_films(tmp_path)


@pytest.mark.slow
def test_a_failed_job_stops_no_other_and_gives_the_command_its_code(tmp_path, start):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tide-seed1-octaves=1-steps=1-pyramid=0-loop=false").write_text("a file")
    process = start("--retries", "1")
    out, error = process.communicate(timeout=200)
    assert process.returncode == 6 and "1 of 4 jobs failed: tide-seed1" in error
    rows = [line.split("\t") for line in out.splitlines() if "\t" in line]
    assert sorted(row[1] for row in rows) == ["done", "done", "done", "failed"]
    assert next(row[5] for row in rows if row[1] == "failed") == "2"  # tries


@pytest.mark.slow
def test_stopping_keeps_everything(tmp_path, start):
    process = start(frames=40)
    wait_for(".queue/frames/*", tmp_path / "out", process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=100)
    assert process.returncode == 130 and "the same command goes on" in error
    assert not list((tmp_path / "out" / ".queue" / "claimed").glob("*"))


@pytest.mark.slow
def test_a_worker_of_a_real_ray_is_killed_and_all_films_are_as_they_should_be(tmp_path, start):
    pytest.importorskip("ray")
    process = start("--ray", "--workers", "2", frames=40)
    queue = tmp_path / "out" / ".queue"
    wait_for("frames/*", queue, process)
    (claim, *_) = wait_for("claimed/*~*", queue, process)
    os.kill(int(claim.stem.split("~")[2]), signal.SIGKILL)
    out, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    assert "raylet" not in out + error and out.count("\tdone\t") == 4
    assert " died" in error
    check_films(tmp_path)
