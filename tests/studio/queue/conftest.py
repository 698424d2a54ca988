"""A queue of films, checked in this process and rendered by a worker that only counts."""

import os
import sys

import pytest

from dreamvid.preset.load import load_preset
from dreamvid.render.batch import run
from dreamvid.studio.queue import renders
from dreamvid.studio.queue.aside import Aside
from dreamvid.studio.queue.checks import TASKS
from tests.support.small_film import SMALL


class Here(Aside):
    """Runs the tasks in this process, which has torch anyway."""

    def do(self, task, *arguments, **options):
        return TASKS[task](*arguments, **options)


@pytest.fixture
def table():
    """A tiny film's preset, as the desk gives it."""
    preset = load_preset("quickstart", [*SMALL, "outputs.loop=false"])
    return preset.model_dump(mode="json", exclude_unset=True)


@pytest.fixture
def open_queue(tmp_path, monkeypatch):
    """() -> Renders of the same folder each time, all closed in the end."""
    monkeypatch.setattr(run, "POLL", 0.03)
    monkeypatch.setattr(renders, "LOOK", 0.1)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    opened = []

    def make(worker="tests.studio.queue.quick_worker", on_change=lambda: None):
        opened.append(renders.Renders(tmp_path / "films", "cpu", on_change, Here(), worker=worker))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def states():
    """Renders -> the state of each job."""
    return lambda queue: {job.job: job.state for job in queue.message().jobs}


@pytest.fixture
def here():
    return Here()
