"""Paths that are no files to be read: each command says so in one line, and never waits for one."""

import os
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image as PilImage

from tests.support.command import run

SECONDS = 60  # a pipe nobody writes to is waited for without end

SMALL = [
    word
    for pair in (
        *("start.size=64x36", "dream.octaves=1", "dream.steps=1", "video.frames=2"),
        "dream.layers=block_3/expand",
    )
    for word in ("--set", pair)
]
RENDER = ("render", "quickstart", *SMALL, "--out", "out", "--set")
FOOTAGE = ("render", "on.toml", "--out", "out", "--set")

PLACES = {
    "render": ("render", "{}.toml"),
    "estimate": ("estimate", "{}.toml"),
    "preview": ("preview", "{}.toml"),
    "presets show": ("presets", "show", "{}.toml"),
    "presets new": ("presets", "new", "mine.toml", "--from", "{}.txt"),
    "dream --preset": ("dream", "a.png", "--preset", "{}.toml", "--out", "o.png"),
    "batch": ("batch", "{}.toml"),
    "start.path": (*RENDER, "start.path={}.png"),
    "footage": (*FOOTAGE, "start.path={}.mp4"),
    "sound.path": (*RENDER, "sound.path={}.wav"),
    "dream.guide": (*RENDER, "dream.guide={}.png"),
    "dream.mask": (*RENDER, "dream.mask={}.png"),
    "dream.mask film": (*RENDER, "dream.mask={}.mp4"),
    "dream.direction": (*RENDER, "dream.direction={}.safetensors"),
    "colour.like": (*RENDER[:-1], "--set", "colour.keep=mean", "--set", "colour.like={}.png"),
    "dream": ("dream", "{}.png", "--out", "o.png"),
    "describe": ("describe", "{}.jpg"),
    "explore": ("explore", "{}.jpg", "--out", "o.html"),
    "export": ("export", "{}.mp4", "--out", "o.mp4"),
    "reverse": ("reverse", "{}.mov", "--out", "o.mov"),
    "loop": ("loop", "{}.mkv", "--out", "o.mkv"),
    "replay": ("replay", "{}.mp4", "--out", "out"),
    "replay run.json": ("replay", "{}.json", "--out", "out"),
    "models import": ("models", "import", "{}.safetensors"),
    "direction": ("direction", "town", "--photos", "{}"),
    "train": ("train", "town", "--images", "{}"),
    "train --captions": ("train", "town", "--images", "photos", "--captions", "{}.csv"),
    "train --vectors": ("train", "town", "--images", "photos", "--vectors", "{}.txt"),
    "extend": ("extend", "{}", "--frames", "2"),
    "bench": ("bench", "--compare", "{}.json"),
}
QUICK = ("pipe", "zero byte", "url")
KINDS = (*QUICK, "folder", "file url", "long", "loop", "device", "proc")
# These take folders too.
FOLDERS = (
    "direction",
    "start.path",
    "train",
    "train --captions",
    "extend",
    "footage",
    "dream.mask",
    "start.path",
)
FOLDERS = (*FOLDERS, "dream.mask film", "start.path", "export", "reverse", "loop", "replay")


@contextmanager
def limited():
    def end(_number, _frame):
        raise AssertionError(f"still at it after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "photos/a.png", "photos/b.png"):
        PilImage.linear_gradient("L").save(tmp_path / name)
    (tmp_path / "photos" / "a.txt").write_text("white towers above a quiet harbour at night")
    (tmp_path / "on.toml").write_text('[start]\nkind = "video"\n')
    return tmp_path


def make(kind: str, name: str) -> str:
    """Make something of a kind, and return its name."""
    if kind == "pipe":
        os.mkfifo(name)
    elif kind == "folder":
        Path(name).mkdir()
    elif kind == "loop":
        os.symlink(name, name)
    elif kind == "device":
        os.symlink("/dev/zero", name)
    elif kind == "proc":
        os.symlink("/proc/self/pagemap", name)
    if kind == "zero byte":
        return f"a\0{name}"
    if kind == "long":
        return "x" * 300 + name
    return {"url": "https://a.example/", "file url": "file:///"}.get(kind, "") + name


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow) for kind in KINDS],
)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_is_refused_in_one_line(place, kind, here, capsys):
    if kind == "folder" and place in FOLDERS:
        pytest.skip("takes a folder")
    last = next(word for word in PLACES[place] if "{}" in word)
    suffix = last.rpartition("{}")[2]
    name = make(kind, f"odd{suffix}")
    words = [word.replace(f"{{}}{suffix}", name) for word in PLACES[place]]
    before = {*here.rglob("*")}
    with limited():
        code, _, error = run(capsys, *words)
    assert code in (2, 3, 4, 5), error
    assert error.startswith("dreamvid: ") and error.count("\n") == 1, error
    assert kind == "zero byte" or "odd" in error or "x" * 60 in error, error
    assert kind != "url" or "download it first" in error, error
    assert {path.name for path in {*here.rglob("*")} - before} <= {"home", "out"}


@pytest.mark.parametrize("escape", ["\\u0000", "a\\u0000.png"])
@pytest.mark.parametrize(
    "option",
    ["start.path", "sound.path", "dream.guide", "dream.mask", "colour.like", "dream.direction"],
)
def test_a_zero_byte_in_a_preset_or_a_setting_is_one_line(option, escape, here, capsys):
    group, _, key = option.partition(".")
    (here / "nul.toml").write_text(f'model = "lite0"\n[{group}]\n{key} = "{escape}/x"\n')
    for words in (
        ("render", "nul.toml", "--out", "out"),
        ("render", "quickstart", "--out", "out", "--set", f'{option}="{escape}/x"'),
        ("dream", "a.png", "--out", "o.png", "--set", f'{option}="{escape}/x"'),
    ):
        code, _, error = run(capsys, *words)
        assert code == 2 and error.startswith(f"dreamvid: {option}"), error
        assert error.count("\n") == 1 and "no file can have this name" in error


def test_zero_bytes_in_jobs_captions_and_records_are_one_line(here, capsys):
    (here / "jobs.toml").write_text('presets = ["quickstart"]\ninputs = ["a\\u0000.png"]\n')
    (here / "out.toml").write_text('presets = ["quickstart"]\nout = "a\\u0000"\n')
    (here / "captions.json").write_text('[{"file": "a\\u0000.png", "caption": "a town at night"}]')
    for words in (
        ("batch", "jobs.toml"),
        ("batch", "out.toml"),
        ("train", "town", "--images", "photos", "--captions", "captions.json"),
    ):
        code, _, error = run(capsys, *words)
        assert code == 2 and error.count("\n") == 1 and error.startswith("dreamvid: "), error


def test_credits_may_be_a_url(here, capsys):
    code, _, error = run(capsys, "direction", "x", "--photos", "none", "--credits", "https://a.b/c")
    assert code != 0 and "URL" not in error and "none" in error
