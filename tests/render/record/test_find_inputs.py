"""However a stranger's record spells a path, no file is read that has not its digest."""

import hashlib

import pytest
from PIL import Image as PilImage

from dreamvid.errors import PresetError
from dreamvid.film.job import inputs
from dreamvid.media.metadata import FORMAT, embed
from dreamvid.render.record import find_inputs as located
from dreamvid.render.record.provenance import check_record
from dreamvid.render.replay import open_source, preset_of, written_preset
from tests.support.command import run

PLAIN = {"model": "lite0", "video": {"frames": 1}}
SHAPE = {"shape": "sky"}
SPELLINGS = {
    "a guide that is a text": (lambda p: {"dream": {"guide": p}}, "dream.guide[0]"),
    "a list of texts": (lambda p: {"dream": {"guide": [p]}}, "dream.guide[0]"),
    "a bare table": (lambda p: {"dream": {"guide": {"path": p}}}, "dream.guide[0]"),
    "a list of tables": (lambda p: {"dream": {"guide": [{"path": p}]}}, "dream.guide[0]"),
    "a mask that is a text": (lambda p: {"dream": {"mask": p}}, "dream.mask.path"),
    "a mask's table": (lambda p: {"dream": {"mask": {"path": p}}}, "dream.mask.path"),
    "a guide's mask that is a text": (
        lambda p: {"dream": {"guide": {"path": "a.png", "mask": p}}},
        "dream.guide[0].mask.path",
    ),
    "a guide's mask in a list": (
        lambda p: {"dream": {"guide": [{"path": "a.png", "mask": {"path": p}}]}},
        "dream.guide[0].mask.path",
    ),
    "a start": (lambda p: {"start": {"kind": "image", "path": p}}, "start.path"),
    "colours": (lambda p: {"colour": {"keep": "mean", "like": p}}, "colour.like"),
    "a sound": (lambda p: {"sound": {"path": p}}, "sound.path"),
    "a direction": (lambda p: {"dream": {"direction": p}}, "dream.direction"),
}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def secret(tmp_path, monkeypatch):
    """A picture in the user's home, which is not the folder that they are in."""
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
    """A picture with a stranger's record; the digest of a.png is a true one."""
    path = folder / "posted.png"
    PilImage.new("RGB", (8, 8)).save(path)
    known = {"dream.guide[0] sha256": sha256(folder / "a.png")} | dict(files)
    embed(path, {"format": FORMAT, "preset": PLAIN | preset, "files": known, "versions": {}})
    return open_source(path)


@pytest.mark.parametrize("path", ["WHOLE", "~/secret.png", "~", "../home/secret.png"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_path_of_any_spelling_is_held_against_its_digest(spelling, path, secret, tmp_path):
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
def test_a_file_of_any_spelling_is_found_by_its_digest(spelling, secret, tmp_path):
    spell, option = SPELLINGS[spelling]
    copy = tmp_path / "here" / "secret.png"
    copy.write_bytes(secret.read_bytes())
    source = posted(
        tmp_path / "here", spell("/elsewhere/secret.png"), {f"{option} sha256": sha256(secret)}
    )
    record = source.record
    assert inputs(located.located(record, source.folder))[option] == copy
    assert inputs(written_preset(source)[1])[option] == copy


@pytest.mark.parametrize("spelling", ["a guide that is a text", "a mask that is a text"])
def test_the_commands_refuse_a_path_of_another_spelling(spelling, secret, tmp_path, capsys):
    spell, option = SPELLINGS[spelling]
    posted(tmp_path / "here", spell(str(secret)))
    code, _, said = run(capsys, "replay", "posted.png")
    assert code == 2 and f"{option}: " in said and len(said.splitlines()) == 1
    code, _, said = run(capsys, "presets", "new", "mine", "--from", "posted.png")
    assert code == 0 and "secret.png, of which it was made, is not here" in said
    assert str(secret.parent) not in (tmp_path / "here" / "mine.toml").read_text("utf-8")


def test_what_the_settings_give_needs_no_digest(secret, tmp_path):
    source = posted(tmp_path / "here", {"dream": {"mask": "/elsewhere/secret.png"}})
    for setting in (f"dream.mask={secret}", f'dream={{mask = "{secret}"}}'):
        preset = located.located(source.record, source.folder, [setting])
        assert inputs(preset) == {"dream.mask.path": secret}
    preset = located.located(source.record, source.folder, ["dream.mask=none"])
    assert not inputs(preset)
    with pytest.raises(PresetError, match=r"^dream.guide\[0\]: "):  # another one's is no help
        preset_of(posted(tmp_path / "here", {"dream": {"guide": "b.png"}}), ["dream.mask=a.png"])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_path_that_the_search_did_not_see_is_refused(spelling, secret, tmp_path, monkeypatch):
    spell, _option = SPELLINGS[spelling]
    source = posted(tmp_path / "here", spell(str(secret)))
    monkeypatch.setattr(located, "with_paths", lambda table, find: table)
    for read in (lambda source: preset_of(source, ()), written_preset):
        with pytest.raises(PresetError, match="is not a file that was found by its SHA-256"):
            read(source)


def test_a_name_that_stands_for_a_home_stays_none(secret, tmp_path):
    source = posted(tmp_path / "here", {"dream": {"mask": "/elsewhere/~"}})
    with pytest.raises(PresetError, match=r"^dream.mask.path: .* was found by its SHA-256 \(--set"):
        written_preset(source)


def test_a_direction_beside_its_film_is_not_taken_for_a_name(secret, tmp_path):
    folder = tmp_path / "here"
    (folder / "port").write_bytes(b"weights")
    files = {"dream.direction sha256": sha256(folder / "port")}
    source = posted(folder, {"dream": {"direction": "./port"}}, files)
    preset = located.located(source.record, source.folder)
    assert preset.dream.direction == folder / "port"


@pytest.mark.parametrize("depth", [300, 900, 5000])
@pytest.mark.parametrize("key", ["layers", "guide", "mask", "octaves", "other"])
def test_a_preset_nested_as_deep_as_json_goes_is_refused(key, depth, tmp_path):
    deep: list = []
    for _ in range(depth):
        deep = [deep]
    record = check_record({"preset": {}, "files": {}, "versions": {}}, "a.mp4")
    record = record.model_copy(update={"preset": PLAIN | {"dream": {key: deep}}})
    with pytest.raises(PresetError, match=r"too deep|^dream\."):
        located.located(record, tmp_path)
