"""Masks through the command line: stills, films, preset files, what is refused."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image as PilImage

from tests.support.command import run

FEW = ("dream.layers=block_3/expand", "dream.octaves=1", "dream.steps=1", "dream.jitter=4")
BRIEF = (*FEW, "start.size=32x32", "video.frames=3", "outputs.loop=false", "outputs.reverse=false")


def settings(*pairs):
    return [word for pair in pairs for word in ("--set", pair)]


def paint(path, pixels):
    path.parent.mkdir(exist_ok=True)
    PilImage.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def pixels(path):
    with PilImage.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    paint(tmp_path / "in.png", draw.integers(0, 256, (40, 60, 3)))
    paint(tmp_path / "white.png", np.full((40, 60), 255))
    paint(tmp_path / "black.png", np.zeros((40, 60)))
    right = np.zeros((40, 60))
    right[:, 30:] = 255
    paint(tmp_path / "right.png", right)
    (tmp_path / "words.txt").write_text("words")
    (tmp_path / "empty.png").write_bytes(b"")
    for number in range(2):
        paint(tmp_path / "two" / f"{number}.png", right)


@pytest.mark.parametrize(
    "mask",
    [
        "right.png",
        "{path='right.png'}",
        "{shape='right', feather=0}",
        "{shape='left', feather=0, invert=true}",
    ],
)
def test_mask_of_a_still(mask, capsys, tmp_path):
    few = settings(*FEW, f"dream.mask={mask}")
    code, _, error = run(capsys, "dream", "in.png", "--out", "out.png", *few)
    assert code == 0, error
    before, after = pixels(tmp_path / "in.png"), pixels(tmp_path / "out.png")
    assert (before[:, :30] == after[:, :30]).all()
    assert (before[:, 30:] != after[:, 30:]).mean() > 0.3


def test_mask_paths_are_relative_to_their_preset(capsys, tmp_path):
    tables = {
        "table": "[dream.mask]\npath = 'right.png'\nstrength = '0.5 + 0.1 * t'",
        "path": "[dream]\nmask = 'right.png'",
        "shape": "[dream]\nmask = 'right'",
        "guides": "[dream]\nguide = [{path = 'in.png', mask = 'right.png'}, "
        "{path = 'in.png', mask = {path = 'white.png', invert = false}}, "
        "{path = 'in.png', mask = 'sky'}]",
    }
    folder = tmp_path / "presets"
    folder.mkdir()
    for name in ("in.png", "right.png", "white.png"):
        shutil.move(tmp_path / name, folder / name)
    for name, text in tables.items():
        (folder / f"{name}.toml").write_text(f"video = {{ frames = 2 }}\n{text}\n")
        words = ("render", folder / f"{name}.toml", "--out", tmp_path / name, *settings(*BRIEF))
        code, _, error = run(capsys, *words)
        assert code == 0, (name, error)


def test_resume_needs_the_same_mask(capsys, tmp_path):
    words = ("render", "quickstart", "--out", "film", *settings(*BRIEF))
    assert run(capsys, *words, "--set", "dream.mask=right.png")[0] == 0
    shutil.move("right.png", "renamed.png")
    assert run(capsys, *words, "--set", "dream.mask=renamed.png")[0] == 0
    code, _, error = run(capsys, *words, "--set", "dream.mask=white.png")
    assert code == 5 and "dream.mask.path sha256" in error
    code, _, error = run(capsys, *words, "--set", "dream.mask={path='renamed.png', invert=true}")
    assert code == 5 and "dream.mask.invert" in error
    record = json.loads((tmp_path / "film" / "run.json").read_text())
    assert len(record["files"]["dream.mask.path sha256"]) == 64


def test_mask_folder_is_identified_by_its_images(capsys, tmp_path):
    words = ("render", "quickstart", "--out", "film", *settings(*BRIEF), "--frames", 2)
    mask = ("--set", "dream.mask=two")
    assert run(capsys, *words, *mask)[0] == 0
    assert run(capsys, *words, *mask)[0] == 0
    paint(tmp_path / "two" / "1.png", np.full((40, 60), 255))
    code, _, error = run(capsys, *words, *mask)
    assert code == 5 and "dream.mask.path sha256" in error


def test_mask_of_a_guide_belongs_to_the_film(capsys, tmp_path):
    words = ("render", "quickstart", "--out", "film", *settings(*BRIEF))

    def guided(mask):
        return run(capsys, *words, "--set", f"dream.guide=[{{path='in.png', mask={mask}}}]")

    assert guided("'sky'")[0] == guided("{shape='sky'}")[0] == 0
    assert guided("'ground'")[0] == 5
    assert guided("'none'")[0] == 5


def test_preview_has_the_mask(capsys, tmp_path):
    """Where nothing is dreamed it is all the same how strongly."""
    few = settings(*FEW, "dream.mask={shape='left', feather=0}", "start.kind=noise")
    few += settings("colour.keep=none")
    words = ("preview", "quickstart", "--frames", 1, "--size", "64x64", *few)
    for strength in (1, 3):
        strong = (*settings(f"dream.step_size={strength}"), "--out", f"{strength}.png")
        assert run(capsys, *words, *strong)[0] == 0
    weak, strong = pixels(tmp_path / "1.png"), pixels(tmp_path / "3.png")
    assert (weak[:, 32:] == strong[:, 32:]).all() and (weak[:, :32] != strong[:, :32]).any()


@pytest.mark.parametrize(
    ("mask", "code", "message"),
    [
        ("gone.png", 2, "dream.mask: gone.png does not exist (a picture, a folder of pictures"),
        ("centr", 2, "or one of centre, edge"),
        ("words.txt", 2, "dream.mask: words.txt is not a picture"),
        ("empty.png", 2, "dream.mask: empty.png is not a picture"),
        ("black.png", 2, "dream.mask: the mask is empty in every frame"),
        ("{path='white.png', invert=true}", 2, "dream.mask: the mask is empty in every frame"),
        ("two", 2, "dream.mask: two holds 2 pictures, the film has 3 frames"),
        ("motion", 2, "motion is for footage"),
        ("{shape='sky', path='white.png'}", 2, "a mask is one of shape, path and motion"),
        (
            "{shape='sky', feathr=0.1}",
            2,
            "dream.mask.feathr: no such option (did you mean feather?",
        ),
        ("{shape='sky', feather=2}", 2, "dream.mask.feather: "),
        ("{shape='sky', strength='2*t'}", 2, "dream.mask.strength: "),
        ("{shape='sky', strength='rms'}", 2, "dream.mask.strength: at frame 0: rms needs a sound"),
        ("", 2, "dream.mask.path: is empty"),
    ],
)
def test_mask_mistakes_are_one_line_before_any_work(mask, code, message, capsys, tmp_path):
    brief = settings(*BRIEF, "video.fps=1", f"dream.mask={mask}")
    found, _, error = run(capsys, "render", "quickstart", "--out", "film", *brief)
    assert (found, message in error) == (code, True), error
    assert error.startswith("dreamvid: ") and error.count("\n") == 1
    assert not (tmp_path / "film").exists()


def test_mask_folder_is_not_written_to(capsys):
    brief = settings(*BRIEF, "dream.mask=two", "video.frames=2")
    for out in ("two", "two/../two"):
        code, _, error = run(capsys, "render", "quickstart", "--out", out, *brief)
        assert code == 2 and "dream.mask.path: two would be overwritten" in error
