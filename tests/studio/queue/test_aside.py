"""The process beside the server: it checks films, and its death is survived."""

import os
import signal

import pytest

from dreamvid.errors import DreamvidError, PresetError
from dreamvid.studio.queue.aside import Aside
from dreamvid.studio.queue.estimate import Estimates, Superseded


@pytest.mark.slow
def test_tasks_are_done_and_refused_in_another_process(table):
    aside = Aside()
    try:
        whole = aside.do("prepare", table, title="a", frames=5)
        assert whole["video"]["frames"] == 5 and whole["title"] == "a"
        with pytest.raises(PresetError, match="no target is called") as caught:
            aside.do("prepare", table, targets=("nowhere",))
        assert caught.value.option == "targets"
        if os.name == "posix":
            os.kill(aside._process.pid, signal.SIGKILL)
            aside._process.join()
            assert aside.do("prepare", table, frames=6)["video"]["frames"] == 6
    finally:
        aside.close()


def test_task_that_takes_too_long_is_given_up(table):
    aside = Aside(patience=0.01)  # less than the process takes to start
    with pytest.raises(DreamvidError, match="given up after"):
        aside.do("prepare", table)
    assert aside._process is None


def test_nothing_is_begun_after_the_end(table):
    aside = Aside()
    aside.close()
    with pytest.raises(DreamvidError, match="has ended"):
        aside.do("prepare", table)
    assert aside._process is None


@pytest.mark.slow
def test_tiny_film_is_estimated(table, here, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    estimates = Estimates("cpu", here)
    facts = estimates.estimate(estimates.begin(), table, size="48x32", frames=3)
    assert (facts["size"], facts["frames"]) == ("48x32", 3)
    assert facts["seconds"]["total"] > 0 and facts["disk"]["total"] > 0
    again = estimates.estimate(estimates.begin(), table, size="48x32", frames=3)
    assert again is facts  # not measured twice
    assert not estimates.measuring


def test_newer_estimate_ends_the_one_before(table, here):
    estimates = Estimates("cpu", here)
    turn = estimates.begin()
    estimates.begin()
    with pytest.raises(Superseded):
        estimates.estimate(turn, table)
    estimates.cancel(turn)  # it is over: nothing is ended
    turn = estimates.begin()
    estimates.cancel(turn)
    with pytest.raises(Superseded):
        estimates.estimate(turn, table)


def test_estimate_of_what_cannot_begin_is_refused(table, here):
    estimates = Estimates("cpu", here)
    with pytest.raises(PresetError, match=r"start\.size"):
        estimates.estimate(estimates.begin(), table, size="1x1")


def test_estimate_that_takes_too_long_is_given_up(table, here):
    estimates = Estimates("cpu", here, patience=0.01)
    with pytest.raises(DreamvidError, match="no estimate within"):
        estimates.estimate(estimates.begin(), table)
    assert not estimates.measuring
