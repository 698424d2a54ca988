"""Inputs of untrusted records: in any spelling, only a file with the recorded digest is read."""

import hashlib

import pytest
from PIL import Image as PilImage

from dreamvid.errors import PresetError
from dreamvid.film.inputs import inputs
from dreamvid.media.metadata import FORMAT, embed
from dreamvid.render.record import find_inputs
from dreamvid.render.record.provenance import check_record
from dreamvid.render.replay import open_source, preset_of, written_preset
from tests.support.command import run

PLAIN = {"model": "lite0", "video": {"frames": 1}}
SHAPE = {"shape": "sky"}
SPELLINGS = {
    "a guide that is a string": (lambda p: {"dream": {"guide": p}}, "dream.guide[0]"),
    "a list of strings": (lambda p: {"dream": {"guide": [p]}}, "dream.guide[0]"),
    "a bare table": (lambda p: {"dream": {"guide": {"path": p}}}, "dream.guide[0]"),
    "a list of tables": (lambda p: {"dream": {"guide": [{"path": p}]}}, "dream.guide[0]"),
    "a mask that is a string": (lambda p: {"dream": {"mask": p}}, "dream.mask.path"),
    "a mask's table": (lambda p: {"dream": {"mask": {"path": p}}}, "dream.mask.path"),
    "a guide's mask that is a string": (
        lambda p: {"dream": {"guide": {"path": "a.png", "mask": p}}},
        "dream.guide[0].mask.path",
    ),
    "a guide's mask in a list": (
        lambda p: {"dream": {"guide": [{"path": "a.png", "mask": {"path": p}}]}},
        "dream.guide[0].mask.path",
    ),
    "a start": (lambda p: {"start": {"kind": "image", "path": p}}, "start.path"),
    "colours": (lambda p: {"colour": {"keep": "mean", "like": p}}, "colour.like"),
    "a list of colours": (
        lambda p: {"colour": {"keep": "mean", "like": ["night", {"of": p, "weight": "t"}]}},
        "colour.like[1].of",
    ),
    "a sound": (lambda p: {"sound": {"path": p}}, "sound.path"),
    "a direction": (lambda p: {"dream": {"direction": p}}, "dream.direction"),
    "a direction's table": (lambda p: {"dream": {"direction": {"name": p}}}, "dream.direction"),
    "a list of directions": (
        lambda p: {"dream": {"direction": ["city", {"name": p, "weight": 2}]}},
        "dream.direction[1]",
    ),
    "a direction's mask": (
        lambda p: {"dream": {"direction": {"name": "city", "mask": p}}},
        "dream.direction[0].mask.path",
    ),
}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def secret(tmp_path, monkeypatch):
    """An image in the user's home, which is not the current folder."""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    PilImage.new("RGB", (8, 8), "red").save(home / "secret.png")
    PilImage.new("RGB", (8, 8), "blue").save(here / "a.png")
    return home / "secret.png"


def posted(folder, preset, files=()):
    """Open an image with an untrusted record, whose digest of a.png is correct."""
    path = folder / "posted.png"
    PilImage.new("RGB", (8, 8)).save(path)
    digests = {"dream.guide[0] sha256": sha256(folder / "a.png")} | dict(files)
    embed(path, {"format": FORMAT, "preset": PLAIN | preset, "files": digests, "versions": {}})
    return open_source(path)


@pytest.mark.parametrize("path", ["WHOLE", "~/secret.png", "~", "../home/secret.png"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_locate_checks_the_digest_in_any_spelling(spelling, path, secret, tmp_path):
    spell, option = SPELLINGS[spelling]
    preset = spell(path.replace("WHOLE", str(secret)))
    for files in ({}, {f"{option} sha256": sha256(secret)}):
        source = posted(tmp_path / "here", preset, files)
        with pytest.raises(PresetError) as caught:
            preset_of(source, ())
        assert caught.value.option == option and "\n" not in str(caught.value)
        text, written, missing = written_preset(source)
        assert str(secret.parent) not in text and "~" not in text
        assert missing == [secret.parent.name if path == "~" else "secret.png"]
        assert all(tmp_path / "home" not in (p, *p.parents) for p in inputs(written).values())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_locate_finds_a_file_in_any_spelling(spelling, secret, tmp_path):
    spell, option = SPELLINGS[spelling]
    copy = tmp_path / "here" / "secret.png"
    copy.write_bytes(secret.read_bytes())
    source = posted(
        tmp_path / "here", spell("/elsewhere/secret.png"), {f"{option} sha256": sha256(secret)}
    )
    record = source.record
    assert inputs(find_inputs.locate(record, source.folder))[option] == copy
    assert inputs(written_preset(source)[1])[option] == copy


@pytest.mark.parametrize("spelling", ["a guide that is a string", "a mask that is a string"])
def test_commands_refuse_a_path_in_another_spelling(spelling, secret, tmp_path, capsys):
    spell, option = SPELLINGS[spelling]
    posted(tmp_path / "here", spell(str(secret)))
    code, _, stderr = run(capsys, "replay", "posted.png")
    assert code == 2 and f"{option}: " in stderr and len(stderr.splitlines()) == 1
    code, _, stderr = run(capsys, "presets", "new", "mine", "--from", "posted.png")
    assert code == 0 and "secret.png, which it was made from, is not here" in stderr
    assert str(secret.parent) not in (tmp_path / "here" / "mine.toml").read_text("utf-8")


def test_locate_takes_settings_without_a_digest(secret, tmp_path):
    source = posted(tmp_path / "here", {"dream": {"mask": "/elsewhere/secret.png"}})
    for setting in (f"dream.mask={secret}", f'dream={{mask = "{secret}"}}'):
        preset = find_inputs.locate(source.record, source.folder, [setting])
        assert inputs(preset) == {"dream.mask.path": secret}
    preset = find_inputs.locate(source.record, source.folder, ["dream.mask=none"])
    assert not inputs(preset)
    with pytest.raises(PresetError, match=r"^dream.guide\[0\]: "):  # another one's is no help
        preset_of(posted(tmp_path / "here", {"dream": {"guide": "b.png"}}), ["dream.mask=a.png"])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_locate_refuses_a_path_that_was_missed(spelling, secret, tmp_path, monkeypatch):
    spell, _option = SPELLINGS[spelling]
    source = posted(tmp_path / "here", spell(str(secret)))
    monkeypatch.setattr(find_inputs, "with_paths", lambda table, find: table)
    for read in (lambda source: preset_of(source, ()), written_preset):
        with pytest.raises(PresetError, match="is not a file that was found by its SHA-256"):
            read(source)


def test_locate_never_expands_a_home(secret, tmp_path):
    source = posted(tmp_path / "here", {"dream": {"mask": "/elsewhere/~"}})
    with pytest.raises(PresetError, match=r"^dream.mask.path: .* was found by its SHA-256 \(--set"):
        written_preset(source)


def test_locate_takes_a_direction_beside_its_film(secret, tmp_path):
    folder = tmp_path / "here"
    (folder / "port").write_bytes(b"weights")
    files = {"dream.direction sha256": sha256(folder / "port")}
    source = posted(folder, {"dream": {"direction": "./port"}}, files)
    preset = find_inputs.locate(source.record, source.folder)
    assert preset.dream.direction[0].name == folder / "port"


@pytest.mark.parametrize("depth", [300, 900, 5000])
@pytest.mark.parametrize("key", ["layers", "guide", "mask", "octaves", "other"])
def test_locate_refuses_deeply_nested_presets(key, depth, tmp_path):
    deep: list = []
    for _ in range(depth):
        deep = [deep]
    record = check_record({"preset": {}, "files": {}, "versions": {}}, "a.mp4")
    record = record.model_copy(update={"preset": PLAIN | {"dream": {key: deep}}})
    with pytest.raises(PresetError, match=r"too deep|^dream\."):
        find_inputs.locate(record, tmp_path)
