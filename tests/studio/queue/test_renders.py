"""The queue of the studio: it goes on after whatever happens to it."""

import os
import signal
import subprocess
import sys

import pytest

from dreamvid.errors import DreamvidError, ModelError, PresetError
from dreamvid.render.batch.queue import Queue
from dreamvid.system.process import process_named, this_process
from tests.support.waiting import wait

LONG = 100_000  # frames, at 20 ms each


def test_films_are_rendered_in_the_order_they_came(open_queue, table, states):
    heard = []
    queue = open_queue(on_change=lambda: heard.append(1))
    assert not queue.rendering
    jobs = [queue.add(table, "zebra", frames=3), queue.add(table, "A garden, at/dusk!", frames=2)]
    assert jobs == ["0001-zebra", "0002-A-garden-at-dusk"]
    assert queue.rendering
    wait(lambda: set(states(queue).values()) == {"done"})
    first, second = queue.message().jobs
    assert (first.title, first.frames, first.count) == ("zebra", 3, 3)
    assert (second.title, second.frames, second.count) == ("A garden, at/dusk!", 2, 2)
    assert heard and not queue.rendering


def test_size_and_length_are_the_films_own(open_queue, table):
    queue = open_queue()
    queue.pause()
    job = queue.add(table, "large", size="320x180", frames=7)
    preset = Queue(queue.out / ".queue").tickets()[job][1].preset
    assert preset["start"]["size"] == "320x180"
    assert preset["video"]["frames"] == 7 and preset["title"] == "large"
    assert table["video"]["frames"] == 10 and table["title"] != "large"


def test_targets_shape_the_film(open_queue, table):
    queue = open_queue()
    queue.pause()
    job = queue.add(table, "upright", targets=("tiktok",))
    preset = Queue(queue.out / ".queue").tickets()[job][1].preset
    width, height = map(int, preset["start"]["size"].split("x"))
    assert abs(height / width - 16 / 9) < 0.02
    assert preset["outputs"]["targets"] == ["tiktok"]


@pytest.mark.parametrize(
    ("change", "options", "named"),
    [
        ({}, {"size": "3x3"}, "start.size"),
        ({}, {"targets": ("nowhere",)}, "targets"),
        ({"start": {"kind": "image", "path": "/nothing/here.png"}}, {}, "start.path"),
    ],
)
def test_what_cannot_begin_is_refused_in_one_line(open_queue, table, change, options, named):
    queue = open_queue()
    with pytest.raises(PresetError) as caught:
        queue.add(table | change, "wrong", **options)
    assert caught.value.option == named and "\n" not in str(caught.value)
    assert queue.message().jobs == []


def test_missing_model_is_refused(open_queue, table):
    with pytest.raises(ModelError, match="googlenet"):
        open_queue().add(table | {"model": "googlenet"}, "no model")


def test_pause_keeps_the_frames_and_resume_goes_on(open_queue, table):
    queue = open_queue()
    job = queue.add(table, "long", frames=LONG)
    wait(lambda: queue.message().jobs[0].frames > 5)
    queue.pause()
    wait(lambda: queue.message().jobs[0].state == "waiting")
    done = queue.message().jobs[0].frames
    assert done > 5 and queue.message().paused and not queue.rendering
    queue.resume()
    wait(lambda: queue.message().jobs[0].frames > done)
    running = wait(lambda: next((j for j in queue.message().jobs if j.seconds_left), None))
    # 20 ms a frame at least, and no more than a slow machine takes
    assert 0.02 * 0.9 * (LONG - running.frames) < running.seconds_left < 0.5 * LONG
    queue.remove(job)


def test_pause_survives_a_restart(open_queue, table, states):
    queue = open_queue()
    queue.pause()
    queue.add(table, "later", frames=2)
    queue.close()
    again = open_queue()
    assert again.paused and states(again) == {"0001-later": "waiting"}
    again.resume()
    wait(lambda: states(again) == {"0001-later": "done"})


def test_running_film_is_removed_and_the_next_begins(open_queue, table, states):
    queue = open_queue()
    job = queue.add(table, "long", frames=LONG)
    queue.add(table, "next", frames=2)
    wait(lambda: states(queue)[job] == "rendering")
    (queue.out / job).mkdir()  # what was rendered
    queue.remove(job)
    wait(lambda: states(queue) == {"0002-next": "done"})
    assert (queue.out / job).is_dir()
    # The number is not given again: the folder is still there.
    queue.remove("0002-next")
    assert queue.add(table, "third", frames=1) == "0002-third"


def test_failed_film_says_why_and_is_tried_again(open_queue, table, states):
    queue = open_queue()
    job = queue.add(table, "broken", frames=2)
    wait(lambda: states(queue)[job] == "failed")
    assert queue.message().jobs[0].reason == "start.path: there is no picture.png"
    (queue.out / ".queue" / "mended").touch()
    queue.retry(job)
    wait(lambda: states(queue)[job] == "done")
    assert queue.message().jobs[0].reason == ""
    with pytest.raises(PresetError, match="has not failed"):
        queue.retry(job)


def test_killed_worker_is_started_again(open_queue, table):
    queue = open_queue()
    job = queue.add(table, "long", frames=LONG)
    ticket = lambda: Queue(queue.out / ".queue").tickets()[job][1]
    wait(lambda: queue.message().jobs[0].frames > 3)
    first = process_named(ticket().worker)
    assert first
    os.kill(first.pid, signal.SIGKILL)
    wait(lambda: ticket().worker not in ("", str(first)))
    done = queue.message().jobs[0].frames
    wait(lambda: queue.message().jobs[0].frames > done)
    queue.remove(job)


STUDIO = """
import sys, time
from pathlib import Path
from dreamvid.studio.queue.aside import Aside
from dreamvid.studio.queue.renders import Renders
Renders(Path(sys.argv[1]), "cpu", lambda: None, Aside(), worker="tests.studio.queue.quick_worker")
time.sleep(100)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills")
def test_killed_studio_loses_nothing(open_queue, table, states):
    queue = open_queue()
    queue.pause()
    queue.add(table, "long", frames=400)
    queue.close()
    (queue.out / ".queue" / "paused").unlink()
    studio = subprocess.Popen([sys.executable, "-c", STUDIO, str(queue.out)])
    folder = Queue(queue.out / ".queue")
    wait(lambda: folder.frames("0001-long") > 5)
    studio.kill()
    studio.wait()
    done = folder.frames("0001-long")
    again = open_queue()
    job = wait(lambda: next((j for j in again.message().jobs if j.frames > done), None))
    assert job.frames < done + 100  # it went on, it did not begin again or run alone
    wait(lambda: states(again) == {"0001-long": "done"})
    assert folder.tickets()["0001-long"][1].tries == 1


def test_worker_that_cannot_start_pauses_the_queue(open_queue, table):
    queue = open_queue(worker="tests.studio.queue.no_such_worker")
    queue.add(table, "never", frames=2)
    wait(lambda: queue.message().paused)
    assert "a worker cannot go on" in queue.message().trouble
    assert queue.message().jobs[0].state == "waiting"


@pytest.mark.parametrize("job", ["../x", "/etc/passwd", "0001-long/../../x", "", "."])
def test_unknown_jobs_are_refused(open_queue, table, job):
    queue = open_queue()
    queue.pause()
    queue.add(table, "long")
    secret = queue.out / "x.jpg"
    secret.write_bytes(b"secret")
    assert queue.picture(job) is None
    for action in (queue.remove, queue.retry, queue.settings, lambda one: queue.extend(one, 3)):
        with pytest.raises(DreamvidError, match="there is no"):
            action(job)


def test_only_the_latest_finished_jobs_are_listed(open_queue, table, states):
    queue = open_queue()
    queue.pause()
    folder = Queue(queue.out / ".queue")
    for number in range(20):
        folder.add(f"{number:04d}-film", table)
    for _ in range(15):
        claim = folder.take(this_process())
        assert claim
        claim.finish({"frames": 10})
    expected = [f"{number:04d}-film" for number in range(3, 20)]  # twelve of fifteen, and five
    wait(lambda: list(states(queue)) == expected)
    assert list(states(queue).values()) == ["done"] * 12 + ["waiting"] * 5
