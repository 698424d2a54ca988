"""Targets of a render, and `dreamvid export` as it is typed."""

import json

import av
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.errors import PresetError
from dreamvid.media.metadata import read_record
from dreamvid.preset.load import load_preset
from dreamvid.preset.sites import find, targets
from dreamvid.render.render import render_film
from dreamvid.render.targets import dream_size
from tests.support.command import run
from tests.support.small_film import SMALL


@pytest.fixture
def rendered(small_preset, tmp_path):
    preset = small_preset('outputs.targets=["discord-emoji", "web"]')
    said = []
    outcome = render_film(
        preset, tmp_path / "q", device=torch.device("cpu"), on_message=said.append
    )
    return outcome, said


def last_step(path):
    record = read_record(path)
    assert record is not None
    return record["made_by"][-1]


def test_targets_are_written_with_their_record(rendered):
    outcome, said = rendered
    names = {path.name for path in outcome.files}
    assert {"discord-emoji.gif", "web.mp4", "web-reverse.mp4"} <= names
    assert "discord-emoji-reverse.gif" not in names
    with PilImage.open(outcome.out / "discord-emoji.gif") as gif:
        assert gif.size == (128, 128)
    assert any(line.startswith("discord-emoji.gif: 64x36 -> 128x128") for line in said)
    assert last_step(outcome.out / "web-reverse.mp4") == "dreamvid export --for web"
    assert (outcome.out / "discord-emoji.gif").stat().st_size <= 256_000


def test_targets_do_not_overwrite_inputs(small_preset, tmp_path):
    picture = tmp_path / "web.mp4"
    PilImage.new("RGB", (64, 36)).save(picture, format="png")
    settings = (f"start.path={picture}", "start.kind=image", 'outputs.targets=["web"]')
    preset = small_preset(*settings)
    with pytest.raises(PresetError, match="would be overwritten"):
        render_film(preset, tmp_path, device=torch.device("cpu"))


def test_targets_that_are_unknown_are_refused():
    with pytest.raises(PresetError, match=r"outputs.targets\[0\].*did you mean reels"):
        load_preset("quickstart", ['outputs.targets=["reel"]'])


@pytest.mark.parametrize("name", targets())
def test_targets_give_the_dream_its_shape(name):
    size = dream_size(load_preset("quickstart"), find(name))
    wanted = find(name).size_for((480, 270))
    if wanted is None or size is None:
        assert size == wanted and not find(name).sizes
        return
    width, height = size
    assert width % 2 == 0 and height % 2 == 0
    assert abs(width / height / (wanted[0] / wanted[1]) - 1) < 0.02
    assert 0.9 < width * height / (480 * 270) < 1.1


def test_targets_of_render_give_the_dream_its_shape(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = [word for setting in SMALL[1:] for word in ("--set", setting)]
    words = ["render", "quickstart", *settings, "--set", "video.frames=2", "--device", "cpu"]
    code, out, err = run(capsys, *words, "--for", "discord-emoji")
    assert code == 0, err
    assert "discord-emoji.gif" in out
    with av.open("out/quickstart-discord-emoji/forward.mp4") as film:
        assert film.streams.video[0].width == film.streams.video[0].height == 352


def test_targets_exported_from_a_render_folder(capsys, rendered):
    outcome, _ = rendered
    code, out, err = run(capsys, "export", outcome.out, "--for", "slack-emoji")
    assert code == 0, err
    made = outcome.out / "forward-slack-emoji.gif"
    assert "64x36 -> 128x128" in out and str(made) in out
    assert last_step(made) == "dreamvid export --for slack-emoji"
    code, out, _ = run(capsys, "export", outcome.out, "--out", made.with_suffix(".webp"), "--json")
    assert code == 0
    told = json.loads(out)
    assert told["bytes"] == made.with_suffix(".webp").stat().st_size
    assert told["changes"] == []


def test_targets_list_has_every_target(capsys):
    code, out, _ = run(capsys, "export", "--list")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == list(targets())
    code, out, _ = run(capsys, "export", "--list", "--json")
    listed = json.loads(out)
    assert listed["discord"]["limit"] == 8_000_000
    assert all(entry["checked"] for entry in listed.values())


@pytest.mark.parametrize(
    "words,said",
    [
        (["--for", "reels"], "FILE: is missing"),
        (["film.mp4"], "--out: is missing"),
        (["film.mp4", "--for", "reel"], "did you mean reels"),
        (["film.mp4", "--for", "web"], "film.mp4: does not exist"),
        ([".", "--for", "web"], "holds no forward film"),
        (["film.mp4", "--out", "film.mp4"], "is the film itself"),
        (["film.mp4", "--for", "web", "--size", "31x20"], "--size: video needs even sides"),
        (["film.mp4", "--for", "web", "--fps", "fast"], "--fps: must be a number"),
        (["film.mp4", "--for", "web", "--limit", "many"], "--limit: 'many' is not a size"),
        (["film.mp4", "--for", "web", "--seconds", "0"], "--seconds: must be above 0"),
        (["film.mp4", "--for", "web", "--seconds", "nan"], "--seconds: must be above 0"),
    ],
)
def test_targets_errors_are_one_line(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "export", *words)
    assert code in (2, 4) and out == ""
    assert said in err and len(err.strip().splitlines()) == 1
