"""The gallery: films that were really rendered, and nothing else of the folder."""

import json
import shutil

import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.film.job import build
from dreamvid.preset.load import check, load_preset
from dreamvid.render.render import render_film
from dreamvid.studio.queue.checks import plan_extension, read_settings
from dreamvid.studio.queue.films import Films
from tests.support.small_film import SMALL


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A folder with a film of four frames and its preset."""
    preset = load_preset("quickstart", [*SMALL, "video.frames=4", "seed=7", "title=Evening"])
    out = tmp_path_factory.mktemp("films")
    render_film(preset, out / "0001-evening", device=torch.device("cpu"))
    return out, preset


@pytest.fixture
def folder(rendered, tmp_path):
    return shutil.copytree(rendered[0], tmp_path / "films")


def test_film_is_listed_with_what_it_is(folder):
    (film,) = Films(folder).list()
    assert film["job"] == "0001-evening" and film["title"] == "Evening"
    assert film["files"] == {
        "forward": "forward.mp4",
        "reverse": "reverse.mp4",
        "loop": "loop.gif",
        "poster": "poster.png",
    }
    assert (film["frames"], film["fps"], film["seconds"]) == (4, 4.0, 1.0)
    assert (film["size"], film["seed"], film["loop"]) == ("64x36", 7, "none")
    assert film["bytes"] == (folder / "0001-evening" / "forward.mp4").stat().st_size
    json.dumps(film)


def test_newest_film_comes_first_and_the_unfinished_are_left_out(folder):
    films = Films(folder)
    shutil.copytree(folder / "0001-evening", folder / "0002-later")
    run = folder / "0002-later" / "run.json"
    table = json.loads(run.read_text())
    run.write_text(json.dumps(table | {"finished": "2999-01-01T00:00:00Z"}))
    (folder / "0003-begun").mkdir()
    (folder / "0004-damaged").mkdir()
    (folder / "0004-damaged" / "run.json").write_text("{")
    (folder / "0005-odd").mkdir()
    (folder / "0005-odd" / "run.json").write_text(json.dumps(table | {"outputs": 3}))
    odd = [
        {"render_seconds": float("nan")},
        {"preset": table["preset"] | {"video": {"fps": "24/0"}}},
    ]
    for number, changes in enumerate(odd, 6):
        shutil.copytree(folder / "0001-evening", folder / f"{number:04d}-odd")
        (folder / f"{number:04d}-odd" / "run.json").write_text(json.dumps(table | changes))
    (folder / ".queue").mkdir()
    assert [film["job"] for film in films.list()] == ["0002-later", "0001-evening"]


def test_only_listed_files_are_given_out(folder, tmp_path):
    films, job = Films(folder), "0001-evening"
    secret = tmp_path / "secret.mp4"
    secret.write_text("secret")
    (folder / job / "notes.txt").write_text("private")
    (folder / job / "reverse.mp4").unlink()
    for name in ("reverse.mp4", "report.html"):
        (folder / job / name).symlink_to(secret)
    assert films.file(job, "forward.mp4") == folder / job / "forward.mp4"
    names = (
        "notes.txt",
        "reverse.mp4",
        "report.html",
        "run.json",
        ".render/job.json",
        "../../secret.mp4",
        "",
    )
    assert [films.file(job, name) for name in names] == [None] * len(names)
    for other in ("..", ".", "", f"../films/{job}", "/", ".queue"):
        assert films.file(other, "forward.mp4") is None
        with pytest.raises(PresetError, match="no finished film"):
            films.folder(other)


def test_record_that_names_files_elsewhere_leads_nowhere(folder, tmp_path):
    (tmp_path / "secret.mp4").write_text("secret")
    run = folder / "0001-evening" / "run.json"
    table = json.loads(run.read_text())
    table["outputs"] |= {"../../secret.mp4": 6, "/etc/passwd": 1}
    run.write_text(json.dumps(table))
    (film,) = Films(folder).list()
    assert film["exports"] == []


@pytest.mark.parametrize("name", ["", "forward.mp4", "loop.gif", "poster.png"])
def test_settings_of_a_film_are_those_it_was_made_with(rendered, name):
    out, preset = rendered
    found = read_settings(str(out / "0001-evening" / name))
    assert found["title"] == "Evening" and found["missing"] == []
    cpu = torch.device("cpu")
    assert build(check(found["table"]), cpu).key == build(preset, cpu).key
    json.dumps(found)


def test_extension_is_planned_or_refused(folder):
    plan = plan_extension(str(folder / "0001-evening"), 3)
    assert plan["to"] == 7 and plan["depends"] == []
    looped = json.loads((folder / "0001-evening" / ".render" / "job.json").read_text())
    assert looped["preset"]["loop"]["kind"] == "none"
    json.dumps(plan)


def test_variations_differ_in_their_seeds_alone(folder, open_queue):
    queue = open_queue()
    queue.pause()
    jobs = queue.vary("0001-evening", 2)
    presets = [queue.settings("0001-evening")["table"]]
    presets += [queue._queue.tickets()[job][1].preset for job in jobs]
    keys = [check(table).render_key for table in presets]
    seeds = {key.pop("seed") for key in keys}
    assert len(seeds) == 3 and keys[0] == keys[1] == keys[2]
    assert [name[:5] for name in jobs] == ["0002-", "0003-"]
