"""Presets saved and opened by name."""

import pytest

from dreamvid.errors import DreamvidError
from dreamvid.preset.load import load_preset
from dreamvid.studio.desk.presets import Presets, shipped


@pytest.fixture
def presets(tmp_path):
    return Presets(tmp_path / "presets")


def save(presets, name, *, overwrite=False, seed=0):
    preset = load_preset("quickstart", [f"seed={seed}"])
    return presets.save(name, preset, "note", overwrite=overwrite)


@pytest.mark.parametrize("name", ["mine", "Deep zoom 2", "été", "ночь", "a-b_c", "con2"])
def test_a_name_is_saved_listed_and_opened(presets, name):
    assert save(presets, f" {name} ") == name
    assert [one.name for one in presets.saved()] == [name]
    assert presets.read(name)["model"] == "lite0"


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "..", "a/b", "a\\b", "../x", "a.b", "-a", ".hidden", "a\nb", "a\0b", "x" * 61),
        *("con", "NUL", "com1", "LPT9", "quickstart", "Quickstart", "a:b", "🙂"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(presets, name):
    with pytest.raises(DreamvidError) as caught:
        save(presets, name)
    assert "\n" not in str(caught.value)
    assert not presets.folder.exists()
    if name.lower() != "quickstart":
        with pytest.raises(DreamvidError):
            presets.read(name)


def test_nothing_is_overwritten_unasked(presets):
    save(presets, "mine", seed=1)
    for name in ("mine", "MINE"):
        with pytest.raises(DreamvidError, match="there is a preset of this name"):
            save(presets, name, seed=2)
    assert presets.read("mine")["seed"] == 1
    save(presets, "mine", overwrite=True, seed=2)
    assert presets.read("mine")["seed"] == 2


def test_a_damaged_file_is_listed_with_what_is_wrong(presets):
    save(presets, "good")
    (presets.folder / "bad.toml").write_text("motion.zoom = -1")
    (presets.folder / "not a preset.txt").write_text("")
    about = {one.name: one.about for one in presets.saved()}
    assert about.keys() == {"good", "bad"}
    assert "motion.zoom" in about["bad"]


def test_shipped_presets_are_listed_with_what_they_are():
    listed = {one.name: one for one in shipped()}
    assert listed["quickstart"].title == "Quickstart"
    assert listed["quickstart"].model == "lite0"
    assert all(one.about for one in listed.values())
