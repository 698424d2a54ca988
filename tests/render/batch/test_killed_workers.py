"""Killed workers never end a batch, whatever they were doing."""

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from threading import Event, Thread

import pytest

from dreamvid.errors import DreamvidError
from dreamvid.render.batch import run
from dreamvid.render.batch.queue import STATES, Queue
from dreamvid.render.batch.run import Program, run_batch
from dreamvid.render.batch.worker import Orders

MODULE = "tests.render.batch.quick_worker"


@pytest.fixture
def queue(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "POLL", 0.05)
    return Queue(tmp_path / ".queue")


def programs(queue, count, device="cpu"):
    orders = Orders(str(queue.folder.parent), device, retries=10**6)
    return [Program(MODULE, orders, {"PYTHONPATH": os.pathsep.join(sys.path)})] * count


def workers():
    """Numbers of the running workers, children of this process."""
    for entry in os.scandir("/proc"):
        try:
            stat = Path(f"/proc/{int(entry.name)}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{entry.name}/cmdline").read_text()
        except (ValueError, OSError):
            continue
        if stat[1] == str(os.getpid()) and stat[0] != "Z" and MODULE in command:
            yield int(entry.name)


def states(queue):
    """Count the job's tickets in all states."""
    names = (p.stem.partition("~")[0] for s in STATES for p in (queue.folder / s).glob("*.json"))
    return Counter(names)


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_batch_survives_kills_at_random_moments(number, queue):
    jobs = [f"job{n}" for n in range(100)]
    for name in jobs:
        queue.add(name, {})
    over, rng, kills = Event(), random.Random(0), []

    def kill():
        while not over.wait(rng.uniform(0, 0.25)):
            if alive := sorted(workers()):
                kills.append(rng.choice(alive))
                os.kill(kills[-1], number)

    killer = Thread(target=kill)
    killer.start()
    try:
        done = run_batch(
            queue, programs(queue, 3), retries=10**6, show=lambda now: None, stop=lambda: False
        )
    finally:
        over.set()
        killer.join()
    assert done and len(kills) >= 10
    assert [path.stem for path in sorted((queue.folder / "done").iterdir())] == sorted(jobs)
    assert set(states(queue).values()) == {1}


@linux
@pytest.mark.parametrize("when", ["sibling first", "before a claim"])
def test_batch_goes_on_after_a_death_that_leaves_no_claim(when, queue):
    """A sibling put the job back already; or the worker was killed between two jobs."""
    for n in range(20):
        queue.add(f"job{n}", {})
    killed = []

    def show(tickets):
        if killed or not (alive := [*workers()]):
            return
        if when == "sibling first" and not queue.claimed:
            return
        killed.extend(alive)
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        queue.release_dead(retries=10)  # as a sibling does

    assert run_batch(queue, programs(queue, 1), retries=10, show=show, stop=lambda: False)
    assert killed and len(list((queue.folder / "done").iterdir())) == 20


def test_batch_gives_up_where_every_worker_dies(queue):
    queue.add("job", {})
    broken = programs(queue, 1, device="broken")
    with pytest.raises(DreamvidError, match="cannot go on: there is no such device") as error:
        run_batch(queue, broken, retries=2, show=lambda now: None, stop=lambda: False)
    assert error.value.exit_code == 1
    assert [state for state, _ in queue.tickets().values()] == ["todo"]


@linux
def test_batch_gives_up_where_every_worker_is_killed(queue, monkeypatch):
    monkeypatch.setattr(run, "DEATHS", 3)
    queue.add("job", {})

    def show(tickets):
        for pid in workers():
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(DreamvidError, match="cannot go on: was killed by signal 9"):
        run_batch(queue, programs(queue, 1), retries=10**6, show=show, stop=lambda: False)
