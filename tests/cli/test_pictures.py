"""Folders and patterns of pictures on the command line: rendered, resumed, replayed, turned."""

import av
import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.media.metadata import read_record
from dreamvid.preset.load import with_settings
from tests.support.command import run

SMALL = ("dream.octaves=1", "dream.steps=1", "dream.layers=block_2/expand", "start.size=64x64")
SETTINGS = [word for setting in (*SMALL, "video.frames=2") for word in ("--set", setting)]


@pytest.fixture
def frames(tmp_path, monkeypatch, texture):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, name in enumerate(("f8.png", "f9.png", "f10.png")):
        PilImage.fromarray(np.roll(texture(36, 64), number, axis=1)).save(folder / name)
    return folder


@pytest.mark.parametrize("path", ["frames", "frames/*.png", "frames/f%d.png"])
def test_render_on_pictures_is_replayed_and_knows_its_files(path, frames, capsys):
    command = ("render", "footage-soft", "--set", f"start.path={path}", *SETTINGS, "--out", "a")
    assert run(capsys, *command)[0] == 0
    code, out, _ = run(capsys, "replay", "a/forward.mp4", "--out", "b")
    assert code == 0 and "all 2 frames are identical" in out
    PilImage.new("RGB", (64, 36), "red").save(frames / "f10.png")
    code, _, err = run(capsys, *command)
    assert code == 5 and "start.path" in err
    code, _, err = run(capsys, "replay", "a/forward.mp4", "--out", "c")
    assert code == 2 and f"start.path: {path} is not the file that this was made from" in err


def test_pictures_have_the_rate_of_the_film(frames, capsys):
    for command in ("export frames --fps 30 --out a.mp4", "export frames/f*.png --out b.mp4"):
        assert run(capsys, *command.split())[0] == 0
    rates = []
    for name in ("a.mp4", "b.mp4"):
        with av.open(name) as film:
            rates.append((film.streams.video[0].average_rate, film.streams.video[0].frames))
    assert rates == [(30, 3), (24, 3)]


@pytest.mark.parametrize(
    "command,made",
    [
        ("reverse frames", "frames-reverse.mp4"),
        ("reverse frames/*.png", "frames-reverse.mp4"),
        ("loop frames/f%d.png", "frames-loop.gif"),
        ("export frames/*.png --for discord-emoji", "frames-discord-emoji.gif"),
    ],
)
def test_films_of_pictures_are_named_after_their_folder(command, made, frames, capsys):
    code, out, _ = run(capsys, *command.split())
    assert code == 0 and made in out and (frames.parent / made).stat().st_size > 0


def test_folder_without_pictures_is_one_line(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for command, code in (("export {} --out a.mp4", 2), ("reverse {}", 2), ("loop {}", 2)):
        found, _, err = run(capsys, *command.format(tmp_path / "empty").split())
        assert found == code and "holds no" in err and err.count("\n") == 1
    setting = f"start.path={tmp_path / 'empty'}"
    code, _, err = run(capsys, "render", "footage-soft", "--set", setting, "--out", tmp_path / "a")
    assert code == 4 and "empty: holds no pictures" in err
    code, _, err = run(capsys, "render", "footage-soft", "--set", f"{setting}/*.png")
    assert code == 2 and "empty/*.png does not exist" in err


def test_setting_a_folder_or_pattern_is_footage(frames):
    for path in ("frames", "frames/*.png", "frames/f%02d.png"):
        assert with_settings([f"start.path={path}", "video.frames=1"]).start.kind == "video"
    assert with_settings(["start.path=frames/f8.png", "video.frames=1"]).start.kind == "image"


def test_record_names_a_pattern_with_its_folder_alone(frames, capsys):
    path = frames / "f%d.png"
    command = ("render", "footage-soft", "--set", f"start.path={path}", *SETTINGS, "--out", "a")
    assert run(capsys, *command)[0] == 0
    record = read_record(frames.parent / "a" / "forward.mp4")
    assert record and record["preset"]["start"]["path"] == "frames/f%d.png"
    assert str(frames.parent) not in str(record)
