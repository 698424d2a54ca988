"""Workers: the model stays warm, and what a killed one had another takes up."""

import os
import signal

import pytest

from dreamvid.models.weights import store
from dreamvid.preset.load import load_preset
from dreamvid.render.batch import worker
from dreamvid.render.batch.queue import Queue
from dreamvid.render.batch.run import local_programs, run_batch
from dreamvid.system.process import process_named
from tests.support.small_film import SMALL


def fill(out, **settings):
    """A queue, and each job's preset."""
    queue, presets = Queue(out / ".queue"), {}
    for name, more in settings.items():
        presets[name] = load_preset("quickstart", [*SMALL, "outputs.loop=false", *more])
        queue.add(name, presets[name].model_dump(mode="json", exclude_unset=True))
    return queue, presets


@pytest.mark.slow
def test_worker_loads_a_model_once(tmp_path, monkeypatch):
    loaded, load = [], store.load

    def count(name, device):
        loaded.append(name)
        return load(name, device)

    monkeypatch.setattr(store, "load", count)
    short = "video.frames=2"
    queue, _ = fill(tmp_path, a=[short], b=[short, "seed=2"])
    worker.work(worker.Orders(str(tmp_path), device="cpu"), lambda: False)
    assert [state for state, _ in queue.tickets().values()] == ["done"] * 2
    assert loaded == ["lite0"]


@pytest.mark.slow
def test_worker_resumes_a_killed_workers_job(tmp_path, monkeypatch, check_films):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    queue, presets = fill(tmp_path, a=["video.frames=24"], b=["video.frames=24", "seed=2"])
    killed = {}

    def kill_one(tickets):
        for name, (state, ticket) in tickets.items():
            if not killed and state == "claimed" and 10 < queue.frames(name) < 24:
                killed[name] = ticket.worker
                holder = process_named(ticket.worker)
                assert holder
                os.kill(holder.pid, signal.SIGKILL)

    programs = local_programs(tmp_path, "cpu", 2, retries=1)
    assert run_batch(queue, programs, retries=1, show=kill_one, stop=lambda: False)
    tickets = queue.tickets()
    ((name, dead),) = killed.items()
    assert [state for state, _ in tickets.values()] == ["done"] * 2
    assert tickets[name][1].tries == 2 and tickets[name][1].worker != dead
    for name, preset in presets.items():
        check_films(tmp_path / name, preset)
