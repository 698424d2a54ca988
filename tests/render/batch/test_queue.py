"""The queue alone: who gets a job, and what becomes of those of the dead."""

import multiprocessing
import os
import subprocess
import sys

import pytest

from dreamvid.errors import OutputError, ResumeError
from dreamvid.render.batch import queue as queues
from dreamvid.render.batch.queue import Queue
from dreamvid.system.process import Process, born_at, this_process


@pytest.fixture
def queue(tmp_path):
    found = Queue(tmp_path / ".queue")
    for name in ("a", "b"):
        found.add(name, {"seed": 1})
    return found


def states(queue):
    return {name: (state, ticket.tries) for name, (state, ticket) in queue.tickets().items()}


def dead_worker():
    """Make the identity of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        born = born_at(process.pid)
        assert born
        process.communicate(b"\n")
    return Process(this_process().host, process.pid, born)


def _take_all(folder, taken):
    queue, me = Queue(folder), this_process()
    while claim := queue.take(me):
        taken.put(claim.ticket.name)
    taken.put(None)


def test_queue_gives_a_job_to_one_worker(tmp_path):
    queue = Queue(tmp_path)
    wanted = [f"job{n:03}" for n in range(60)]
    for name in wanted:
        queue.add(name, {})
    spawn = multiprocessing.get_context("spawn")
    taken = spawn.Queue()
    workers = [spawn.Process(target=_take_all, args=(tmp_path, taken)) for _ in range(3)]
    for worker in workers:
        worker.start()
    found, ends = [], 0
    while ends < 3:
        name = taken.get(timeout=60)
        ends += name is None
        found += [name] if name else []
    for worker in workers:
        worker.join()
    assert sorted(found) == wanted


def test_queue_moves_a_job_through_its_states(queue):
    me = this_process()
    first, second = queue.take(me), queue.take(me)
    assert queue.take(me) is None and not queue.idle
    first.finish({"frames": 3})
    second.fail("disk", 6, again=True)
    assert states(queue) == {"a": ("done", 1), "b": ("todo", 1)}
    queue.take(me).fail("disk", 6, again=False)
    assert states(queue)["b"] == ("failed", 2) and queue.idle
    assert queue.tickets()["b"][1].reason == "disk"
    queue.try_again()
    assert states(queue) == {"a": ("done", 1), "b": ("todo", 0)}
    queue.take(me).give_back()
    assert states(queue)["b"] == ("todo", 0)


def test_queue_is_marked(queue):
    mark = queue.folder / queues.MARK
    assert mark.read_bytes() == b""
    mark.unlink()
    queue.add("a", {"seed": 1})
    assert mark.exists() and len(states(queue)) == 2


def test_queue_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / ".queue").write_text("mine")
    with pytest.raises(OutputError, match=r"\.queue.* cannot be written: File exists$"):
        Queue(tmp_path / ".queue").add("a", {})


def test_queue_puts_a_dead_workers_job_back_up_to_retries(queue):
    for tries in (1, 2):
        queue.take(dead_worker())
        (freed,) = queue.release_dead(retries=1)
        assert freed.tries == tries
    assert states(queue)["a"] == ("failed", 2)
    assert "died" in queue.tickets()["a"][1].reason


def test_queue_release_races_are_harmless(queue, monkeypatch):
    def gone(path, ticket):
        path.unlink()
        raise OutputError(f"{path}: is gone")

    queue.take(dead_worker())
    monkeypatch.setattr(queues, "write", gone)
    assert queue.release_dead(retries=1) == []


def test_queue_keeps_a_living_workers_claim(queue):
    claim = queue.take(this_process())
    assert queue.release_dead(retries=1) == [] and claim.beat(3)
    assert queue.frames("a") == 3


def test_queue_times_silent_workers_by_its_own_clock(queue, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(queues.time, "monotonic", lambda: now[0])
    claim = queue.take(Process("elsewhere", 1, 1))
    assert queue.release_dead(retries=1) == []
    now[0] += queues.PATIENCE - 1
    os.utime(claim.path, (5, 5))  # a beat of a clock that is far behind
    assert queue.release_dead(retries=1) == []
    now[0] += queues.PATIENCE - 1
    assert queue.release_dead(retries=1) == []
    now[0] += 2
    (freed,) = queue.release_dead(retries=1)
    assert freed.name == "a" and not claim.beat()


def test_queue_refuses_other_settings_of_a_job(queue):
    queue.add("a", {"seed": 1})
    with pytest.raises(ResumeError, match=r"job a is in .* with other settings; choose another"):
        queue.add("a", {"seed": 2})


def test_queue_names_a_damaged_ticket(queue):
    path = queue.folder / "todo" / "a.json"
    for text in ("", "[]", '{"name": "b", "preset": {}}', '{"name": "a", "preset": 3}', "[" * 9999):
        path.write_text(text)
        with pytest.raises(ResumeError, match=r"a.*\.json is damaged"):
            queue.take(this_process())
        for claim in (queue.folder / "claimed").glob("*"):
            claim.rename(path)
