"""Session: what becomes of a worker that dies, and of one whose server does."""

import os
import queue
import signal
import subprocess
import sys
import time

import pytest

from dreamvid.studio.session import session as module
from dreamvid.studio.session.messages import (
    Built,
    Condition,
    Film,
    GiveWay,
    Go,
    NotBuilt,
    Position,
    Trouble,
)
from dreamvid.studio.session.session import Session
from dreamvid.system.process import born_at
from tests.studio.session import quick_worker
from tests.studio.session.quick_worker import SLEEP


@pytest.fixture
def reports():
    return queue.Queue()


@pytest.fixture
def session(monkeypatch, reports):
    monkeypatch.setattr(module, "_main", quick_worker.main)
    session = Session("cpu", reports.put)
    yield session
    session.close()


def film(revision, do=None):
    return Film({"do": do}, revision, None)


def until(reports, kind, seconds=60):
    end = time.monotonic() + seconds
    while True:
        report = reports.get(timeout=max(0.01, end - time.monotonic()))
        if isinstance(report, kind):
            return report


def test_a_worker_that_is_killed_comes_back_with_its_film(session, reports):
    session.order(film(3))
    session.order(Go("play"))
    session.order(GiveWay(True))
    assert until(reports, Condition) == Condition("ready")
    until(reports, Trouble)
    os.kill(session.pid, signal.SIGKILL)
    told = until(reports, Condition)
    assert told.worker == "starting" and told.trouble and "killed" in told.trouble
    assert until(reports, Condition) == Condition("ready")
    assert until(reports, Trouble).message == "gives way: True"
    built = until(reports, Built)
    assert built.revision == 3 and built.settings == ("True",)  # from its start picture
    assert until(reports, Position).playing
    session.order(film(4))
    assert until(reports, Built).revision == 4


def test_a_film_that_kills_is_refused_and_the_one_before_goes_on(session, reports):
    session.order(film(1))
    until(reports, Built)
    session.order(film(2, "tell"))
    assert until(reports, NotBuilt) == NotBuilt(2, None, "memory is short")
    assert until(reports, Condition) == Condition("starting", "memory is short")
    assert until(reports, Built).revision == 1


def test_it_is_given_up_after_three_times_a_minute_until_the_next_order(session, reports):
    session.order(film(1, "die"))
    states = []
    while not states or states[-1].worker != "stopped":
        states.append(until(reports, Condition))
    assert [one.worker for one in states].count("starting") == 3
    assert states[-1].trouble
    session.order(film(2))
    assert until(reports, Condition) == Condition("starting")
    assert until(reports, Built).revision == 2


def test_orders_never_wait_for_the_worker(session, reports):
    session.order(film(1, "sleep"))
    begun = time.monotonic()
    for number in range(2, 2_002):
        session.order(Film({"text": "x" * 1000}, number, None))
    assert time.monotonic() - begun < SLEEP  # before the worker reads one of them
    builds = [until(reports, Built).revision]
    while builds[-1] != 2_001:
        builds.append(until(reports, Built).revision)
    assert len(builds) < 1_500  # of those that waited only the newest was sent


def test_a_restart_that_waits_is_not_forgotten(session, reports):
    session.order(film(1, "sleep"))
    time.sleep(0.5)
    for number in range(2, 3_000):
        session.order(Film({"text": "x" * 1000}, number, None, restart=number == 2_500))
    restarts = 0
    while (built := until(reports, Built)).revision != 2_999:
        restarts += built.settings == ("True",)
    assert restarts + (built.settings == ("True",)) == 1


SERVER = """
import sys, time
from dreamvid.studio.session import session as module
if __name__ == "__main__":
    session = module.Session("cpu", lambda report: print(session.pid, report, flush=True))
    time.sleep(600)
"""


@pytest.mark.slow
def test_a_worker_ends_with_its_server(tmp_path):
    program = tmp_path / "server.py"
    program.write_text(SERVER)
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        pid = int(server.stdout.readline().split()[0])  # it is ready
        assert born_at(pid)
        server.kill()
    end = time.monotonic() + 5
    while born_at(pid) is not None:
        assert time.monotonic() < end
        time.sleep(0.05)
