"""`dreamvid clean` takes away our own work folders, and nothing else."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from dreamvid.export.export import export
from dreamvid.export.working_folder import MARK as EXPORT_MARK
from dreamvid.export.working_folder import working_folder
from dreamvid.media.clip import Pictures
from dreamvid.render.batch.queue import MARK as QUEUE_MARK
from dreamvid.render.batch.queue import Queue
from dreamvid.render.clean import find, remove
from dreamvid.render.render import render_film
from dreamvid.system.digests import sealed
from dreamvid.system.partial import new_partial
from dreamvid.system.process import this_process
from tests.support.command import run

DAY = 86400


@pytest.fixture(scope="module")
def renders(small_preset, tmp_path_factory):
    """A finished render and half of one."""
    folder = tmp_path_factory.mktemp("renders")
    for name, frames in (("whole", 10), ("half", 6)):
        done = []
        preset = small_preset()
        outcome = render_film(
            preset,
            folder / name,
            device=torch.device("cpu"),
            stop=lambda done=done, frames=frames: done.append(1) or len(done) >= frames,
        )
        assert outcome.finished == (name == "whole")
    return folder


@pytest.fixture
def home(renders, tmp_path):
    """Make a folder with a leftover of each kind."""
    folder = tmp_path / "out"
    shutil.copytree(renders, folder)
    watch = folder / "whole" / "watch"
    watch.mkdir()
    for name in ("watch.html", "status.js", "poster.png", "watch.mp4"):
        (watch / name).write_bytes(b"1234567890")
    finished_batch(folder / "batch" / ".queue")
    export = folder / ".film.mp4.ab12_xyz"
    export.mkdir()
    (export / "best.mp4").write_bytes(b"12345")
    return folder


def finished_batch(folder):
    queue = Queue(folder)
    queue.add("first", {"seed": 1})
    claim = queue.take(this_process())
    assert claim and claim.beat(10)
    claim.finish({"frames": 10})


def age(folder, days):
    then = time.time() - days * DAY
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (then, then), follow_symlinks=False)


def by_name(folder):
    return {str(one.path.relative_to(folder)): one for one in find(folder)}


def test_clean_finds_all_leftovers(home):
    age(home / ".film.mp4.ab12_xyz", 2)
    found = by_name(home)
    told = {name: (one.kind, one.state) for name, one in found.items()}
    assert told == {
        "whole/.render": ("render", "finished"),
        "whole/watch": ("watch", "finished"),
        "half/.render": ("render", "not finished"),
        "batch/.queue": ("queue", "finished"),
        ".film.mp4.ab12_xyz": ("export", "not finished"),
    }
    assert found["half/.render"].loses == "6 of 10 frames: it cannot go on, and begins anew"
    files = (home / "half" / ".render").iterdir()
    assert found["half/.render"].bytes == sum(file.stat().st_size for file in files)
    assert found["whole/watch"].bytes == 40


def test_clean_removes_nothing_by_default(home, capsys):
    before = sorted(home.rglob("*"))
    code, said, _ = run(capsys, "clean", home)
    assert code == 0
    assert "nothing is removed; --yes removes 4 folders" in said  # the export may be at work
    assert sorted(home.rglob("*")) == before


def test_clean_yes_removes_leftovers_and_keeps_films(home, capsys):
    films = {path: path.read_bytes() for path in (home / "whole").glob("*.*") if path.is_file()}
    assert len(films) > 4
    assert run(capsys, "clean", home, "--yes")[0] == 0
    assert {path: path.read_bytes() for path in films} == films
    left = {path.name for path in home.rglob("*") if path.is_dir()}
    assert left == {"whole", "half", "batch", ".film.mp4.ab12_xyz"}
    code, said, _ = run(capsys, "clean", home, "--yes")
    assert code == 0
    assert "removed" not in said


def test_clean_older_selects_by_age(home, capsys):
    age(home / "whole", 40)
    age(home / ".film.mp4.ab12_xyz", 20)
    code, said, _ = run(capsys, "clean", home, "--older", "30d", "--yes", "--json")
    assert code == 0
    told = {entry["path"]: entry for entry in json.loads(said)}
    assert set(told) == {str(home / "whole" / name) for name in (".render", "watch")}
    assert all(entry["removed"] and entry["age_days"] > 39 for entry in told.values())
    assert (home / "half" / ".render" / "state.json").exists()
    assert (home / ".film.mp4.ab12_xyz").exists()


def test_clean_age_of_files_from_the_future(home):
    age(home / "whole", -400)
    assert by_name(home)["whole/.render"].age == 0


@pytest.mark.parametrize("older", ["30", "d", "-3d", "30 days", "1e9d", "9" * 500 + "d"])
def test_clean_wrong_age_is_refused(older, home, capsys):
    code, _, said = run(capsys, "clean", home, "--older", older, "--yes")
    assert code == 2
    assert len(said.splitlines()) == 1
    assert by_name(home)


def test_clean_missing_folder_is_refused(tmp_path, capsys):
    code, _, said = run(capsys, "clean", tmp_path / "none")
    assert (code, len(said.splitlines())) == (6, 1)


def test_clean_lists_running_renders_and_keeps_them(home, capsys):
    with (home / "half" / ".render" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = by_name(home)["half/.render"]
        assert found.state == "running"
        run(capsys, "clean", home, "--yes")
        assert (home / "half" / ".render" / "checkpoint.safetensors").exists()
        assert not (home / "whole" / ".render").exists()


def test_clean_keeps_a_render_that_starts_after_the_search(home):
    found = by_name(home)["half/.render"]
    with (home / "half" / ".render" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not remove(found)
    assert (found.path / "checkpoint.safetensors").exists()


def test_clean_keeps_a_batch_with_claims(home, capsys):
    (home / "batch" / ".queue" / "claimed").mkdir(exist_ok=True)
    (home / "batch" / ".queue" / "claimed" / "a~host~1~2.json").write_text("{}")
    assert by_name(home)["batch/.queue"].state == "running"
    run(capsys, "clean", home, "--yes")
    assert (home / "batch" / ".queue" / "done" / "first.json").exists()


def test_clean_follows_no_links(home, tmp_path, capsys):
    aside = tmp_path / "aside"
    (home / "half").rename(aside)
    (home / "link").symlink_to(aside)
    (home / "other").mkdir()
    (home / "other" / ".render").symlink_to(aside / ".render")
    theirs = tmp_path / "precious"
    theirs.write_text("mine")
    work = home / "whole" / ".render"
    (work / "f000009.mp4").symlink_to(theirs)
    (work / "mine").symlink_to(tmp_path)
    assert run(capsys, "clean", home, "--yes")[0] == 0
    assert theirs.read_text() == "mine"
    assert (aside / ".render" / "checkpoint.safetensors").exists()
    assert [path.name for path in work.iterdir()] == ["mine"]


def test_clean_keeps_strangers_files(home, capsys):
    mine = home / "whole" / ".render" / "notes.txt"
    mine.write_text("mine")
    for name in (".render", "watch", ".queue", ".film.mp4.abcdefgh"):
        (home / "mine" / name).mkdir(parents=True)
        (home / "mine" / name / "notes.txt").write_text("mine")
    _, _, said = run(capsys, "clean", home, "--yes")
    assert "there are other files in it; they stay" in said
    assert [path.name for path in mine.parent.iterdir()] == ["notes.txt"]
    assert len(list((home / "mine").rglob("notes.txt"))) == 4


def write_all(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


THEIRS = [
    [".photos.original/1.png", ".photos.original/0002.png"],
    [".photos.original/best/000001.png"],
    [".photos.20240101/best/000001.png"],
    [".photos.ab12_xyz/best/1.png"],
    [".photos.ab12_xyz/000001.png"],
    [".film.mp4.ab12_xyz/best.mov"],
    [".film.mp4.ab12_xyz/best.mp4", ".film.mp4.ab12_xyz/deeper/notes.txt"],
    [".film.mp4.ab12_xyz/.notes.partial"],
    [".queue/done/mine.json", ".queue/frames/thesis.txt"],
    [".queue/todo/.mine.json.partial"],
    [".queue/frames/first"],
    [".queue/done/first.txt"],
]


@pytest.mark.parametrize("names", THEIRS, ids=" ".join)
def test_clean_ignores_lookalikes(names, tmp_path, capsys):
    write_all(tmp_path, *names)
    age(tmp_path, 3)
    assert find(tmp_path) == []
    assert run(capsys, "clean", tmp_path, "--yes")[0] == 0
    assert files_below(tmp_path) == sorted(names)


@pytest.mark.parametrize("marked", [True, False])
def test_clean_removes_only_jobs_from_a_queue(marked, tmp_path, capsys):
    folder = tmp_path / ".queue"
    finished_batch(folder)
    (folder / "todo" / ".second.json.partial").write_text("{")
    new_partial(folder / "todo" / "third.json").write_text("{")
    theirs = ["done/mine.json", "done/first.txt", "frames/thesis.txt", "todo/name.json"]
    write_all(folder, *theirs)
    (folder / "todo" / "name.json").write_text('{"name": "other", "preset": {}}')
    (folder / "mine").symlink_to(folder / "done")
    if not marked:
        (folder / "mine").unlink()
        (folder / QUEUE_MARK).unlink()
    (found,) = find(tmp_path)
    assert (found.kind, found.state) == ("queue", "not finished")  # by the name of todo/name.json
    _, _, said = run(capsys, "clean", tmp_path, "--yes")
    assert "there are other files in it; they stay" in said
    assert files_below(folder) == sorted(theirs)
    assert (folder / "mine").is_symlink() == marked
    assert find(tmp_path) == []


def test_clean_recognises_an_old_queue_by_its_jobs(home):
    queue = home / "batch" / ".queue"
    (queue / QUEUE_MARK).unlink()
    assert remove(by_name(home)["batch/.queue"])
    assert not queue.exists()


def killed_export(out, tmp_path):
    """Make the folder of an export that was killed while it finished its first whole file."""
    left = []

    def kill(path):
        left.append(path.parent)
        shutil.copytree(path.parent, tmp_path / "copy")

    frames = [np.full((16, 16, 3), 40 * n, np.uint8) for n in range(3)]
    pictures = Pictures(size=(16, 16), fps=Fraction(5), count=3, read=lambda: (f for f in frames))
    export(pictures, out, finish=kill)
    shutil.move(tmp_path / "copy", left[0])
    return left[0]


@pytest.mark.parametrize("name", ["FILM.MP4", "film.gif", "pictures"])
@pytest.mark.parametrize("marked", [True, False])
def test_clean_removes_a_killed_export(marked, name, tmp_path, monkeypatch):
    letters = iter(f"a{n:06}_" for n in range(99))
    monkeypatch.setattr("tempfile._get_candidate_names", lambda: letters)
    (tmp_path / "out").mkdir()
    left = killed_export(tmp_path / "out" / name, tmp_path)
    before = len(files_below(left))
    if not marked:
        (left / EXPORT_MARK).unlink()
    age(left, 2)
    (found,) = find(tmp_path)
    assert (found.path, found.kind, found.state) == (left, "export", "not finished")
    assert before == (4 if name == "pictures" else 2)
    assert remove(found)
    assert not left.exists() and (tmp_path / "out" / name).exists()


def test_clean_removes_only_an_exports_own_files(tmp_path, capsys):
    folder = tmp_path / ".film.mp4.original"
    ours = [EXPORT_MARK, "best.mp4", "silent.mp4", ".whole.mp4.partial"]
    ours.append(new_partial(Path("silent.mp4")).name)
    theirs = ["1.png", "best.mov", "mine/000001.png", ".mine.partial", "whole.mp4.txt"]
    write_all(folder, *ours, *theirs)
    (folder / "empty").mkdir()
    (folder / "whole.mp4").symlink_to(folder / "best.mov")
    age(tmp_path, 3)
    (found,) = find(tmp_path)
    assert found.bytes == 4 * len(ours)
    assert run(capsys, "clean", tmp_path, "--yes")[0] == 0
    assert files_below(folder) == sorted([*theirs, "whole.mp4"])
    assert (folder / "empty").is_dir()


def test_clean_lists_a_training(tmp_path, capsys):
    out, checkpoint = tmp_path / "town", tmp_path / "town" / ".render" / "checkpoint.safetensors"
    write_all(out / ".render", "lock", "seen.f16", "seen.json")
    assert by_name(tmp_path)["town/.render"].loses.startswith("0 epochs: it cannot go on")
    key = sealed({"epochs": 4, "loss": "words"})
    (out / ".render" / "state.json").write_text(json.dumps(key))
    position = {"position": json.dumps({"step": 30, "epoch": 3})}
    save_file({"weight a": np.zeros(2)}, checkpoint, position)
    found = by_name(tmp_path)["town/.render"]
    assert found.state == "not finished" and found.loses.startswith("3 of 4 epochs: it cannot")
    save_file({"weight a": np.zeros(2)}, out / "town.safetensors")
    found = by_name(tmp_path)["town/.render"]
    assert (found.state, found.loses) == (
        "finished",
        "the same training begins anew; its model stays",
    )
    assert run(capsys, "clean", tmp_path, "--yes")[0] == 0
    assert files_below(out) == ["town.safetensors"]


KILLED = """
import os, signal, sys
from pathlib import Path
from dreamvid.cli import main
from dreamvid.system import files
class Killed:
    def __init__(self, **options):
        self.made = kept(**options)
    def __enter__(self):
        return self.made.__enter__()
    def __exit__(self, *error):
        os.kill(os.getpid(), signal.SIGKILL)
kept, files.TemporaryDirectory = files.TemporaryDirectory, Killed
main(sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["export", "loop", "reverse"])
def test_killed_command_leaves_a_folder_until_the_next(command, renders, tmp_path, capsys):
    out = tmp_path / "made.mp4"
    words = [command, str(renders / "whole" / "forward.mp4"), "--out", str(out)]
    left = out
    for _ in range(2):  # the second one removes what the first has left
        killed = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
        assert killed.returncode == -signal.SIGKILL
        (left,) = tmp_path.glob(".made.mp4.????????")
        assert (left / EXPORT_MARK).exists()
    (found,) = find(tmp_path)
    assert (found.state, found.path) == ("not finished", left)
    assert run(capsys, *words)[0] == 0
    assert not list(tmp_path.glob(".*"))


def test_working_folder_leaves_those_of_others(tmp_path):
    out = tmp_path / "film.gif"
    with working_folder(out) as alive:
        copy = tmp_path / ".film.gif.abcdefg_"
        for process, gone in ((f"{this_process().host}~{os.getpid()}~1", True), ("", False)):
            write_all(copy, "whole.gif", "best.gif")
            (copy / EXPORT_MARK).write_text(process)
            write_all(tmp_path / ".other.gif.abcdefg_", "best.gif")
            shutil.copy(copy / EXPORT_MARK, tmp_path / ".other.gif.abcdefg_")
            with working_folder(out):
                assert alive.exists() and copy.exists() != gone
                assert (tmp_path / ".other.gif.abcdefg_" / "best.gif").exists()
        states = {one.path: one.state for one in find(tmp_path)}
        assert states[alive] == states[copy] == "running"
    assert not alive.exists()


def test_clean_then_render_gives_the_same_film(small_preset, home, capsys):
    film = home / "whole" / "forward.mp4"
    before = film.read_bytes()
    run(capsys, "clean", home, "--yes")
    frames = []
    preset = small_preset()
    render_film(preset, film.parent, device=torch.device("cpu"), on_frame=frames.append)
    assert len(frames) == 10
    assert film.read_bytes() == before
