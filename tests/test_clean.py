"""`dreamvid clean` takes away our own work folders, and nothing else."""

import fcntl
import json
import os
import time

import pytest
import torch

from dreamvid.clean import find, remove
from dreamvid.preset import load_preset
from dreamvid.render import render_film
from tests.command import run
from tests.faults.life import SMALL

DAY = 86400


@pytest.fixture
def home(tmp_path):
    """Of all kinds one; the films' bytes are told apart by their names."""
    folder = tmp_path / "out"
    for name, frames in (("whole", 10), ("half", 6)):
        done = []
        preset = load_preset("quickstart", SMALL)
        outcome = render_film(
            preset,
            folder / name,
            device=torch.device("cpu"),
            stop=lambda done=done, frames=frames: done.append(1) or len(done) >= frames,
        )
        assert outcome.finished == (name == "whole")
    watch = folder / "whole" / "watch"
    watch.mkdir()
    for name in ("watch.html", "status.js", "poster.png", "watch.mp4"):
        (watch / name).write_bytes(b"1234567890")
    queue = folder / "batch" / ".queue"
    for state in ("done", "todo", "claimed"):
        (queue / state).mkdir(parents=True)
    (queue / "done" / "first.json").write_text("{}")
    export = folder / ".film.mp4.ab12_xyz"
    export.mkdir()
    (export / "best.mp4").write_bytes(b"12345")
    return folder


def age(folder, days):
    then = time.time() - days * DAY
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (then, then), follow_symlinks=False)


def by_name(folder):
    return {str(one.path.relative_to(folder)): one for one in find(folder)}


def test_everything_of_ours_is_found_with_what_it_is_worth(home):
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


def test_nothing_is_removed_unless_it_is_said(home, capsys):
    before = sorted(home.rglob("*"))
    code, said, _ = run(capsys, "clean", home)
    assert code == 0
    assert "nothing is removed; --yes removes 4 folders" in said  # the export may be at work
    assert sorted(home.rglob("*")) == before


def test_yes_removes_it_and_the_films_stay(home, capsys):
    films = {path: path.read_bytes() for path in (home / "whole").glob("*.*") if path.is_file()}
    assert len(films) > 4
    assert run(capsys, "clean", home, "--yes")[0] == 0
    assert {path: path.read_bytes() for path in films} == films
    left = {path.name for path in home.rglob("*") if path.is_dir()}
    assert left == {"whole", "half", "batch", ".film.mp4.ab12_xyz"}
    code, said, _ = run(capsys, "clean", home, "--yes")
    assert code == 0
    assert "removed" not in said


def test_only_what_is_old_enough(home, capsys):
    age(home / "whole", 40)
    age(home / ".film.mp4.ab12_xyz", 20)
    code, said, _ = run(capsys, "clean", home, "--older", "30d", "--yes", "--json")
    assert code == 0
    told = {entry["path"]: entry for entry in json.loads(said)}
    assert set(told) == {str(home / "whole" / name) for name in (".render", "watch")}
    assert all(entry["removed"] and entry["age_days"] > 39 for entry in told.values())
    assert (home / "half" / ".render" / "state.json").exists()
    assert (home / ".film.mp4.ab12_xyz").exists()


def test_what_was_written_in_the_future_is_young(home):
    age(home / "whole", -400)
    assert by_name(home)["whole/.render"].age == 0


@pytest.mark.parametrize("older", ["30", "d", "-3d", "30 days", "1e9d", "9" * 500 + "d"])
def test_a_wrong_age_is_one_line(older, home, capsys):
    code, _, said = run(capsys, "clean", home, "--older", older, "--yes")
    assert code == 2
    assert len(said.splitlines()) == 1
    assert by_name(home)


def test_a_folder_that_is_not_there(tmp_path, capsys):
    code, _, said = run(capsys, "clean", tmp_path / "none")
    assert (code, len(said.splitlines())) == (6, 1)


def test_a_running_one_is_listed_and_left(home, capsys):
    with (home / "half" / ".render" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = by_name(home)["half/.render"]
        assert found.state == "running"
        run(capsys, "clean", home, "--yes")
        assert (home / "half" / ".render" / "checkpoint.safetensors").exists()
        assert not (home / "whole" / ".render").exists()


def test_one_that_begins_after_the_look_is_left(home):
    found = by_name(home)["half/.render"]
    with (home / "half" / ".render" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not remove(found)
    assert (found.path / "checkpoint.safetensors").exists()


def test_a_batch_with_claims_is_left(home, capsys):
    (home / "batch" / ".queue" / "claimed" / "a~host~1~2.json").write_text("{}")
    assert by_name(home)["batch/.queue"].state == "running"
    run(capsys, "clean", home, "--yes")
    assert (home / "batch" / ".queue" / "done" / "first.json").exists()


def test_links_are_not_followed(home, tmp_path, capsys):
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


def test_strangers_files_and_folders_stay(home, capsys):
    mine = home / "whole" / ".render" / "notes.txt"
    mine.write_text("mine")
    for name in (".render", "watch", ".queue", ".film.mp4.abcdefgh"):
        (home / "mine" / name).mkdir(parents=True)
        (home / "mine" / name / "notes.txt").write_text("mine")
    _, _, said = run(capsys, "clean", home, "--yes")
    assert "there are other files in it; they stay" in said
    assert [path.name for path in mine.parent.iterdir()] == ["notes.txt"]
    assert len(list((home / "mine").rglob("notes.txt"))) == 4


def test_what_was_cleaned_is_rendered_anew_alike(home, capsys):
    film = home / "whole" / "forward.mp4"
    before = film.read_bytes()
    run(capsys, "clean", home, "--yes")
    frames = []
    preset = load_preset("quickstart", SMALL)
    render_film(preset, film.parent, device=torch.device("cpu"), on_frame=frames.append)
    assert len(frames) == 10
    assert film.read_bytes() == before
