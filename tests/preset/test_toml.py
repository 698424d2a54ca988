"""TOML of strangers, and the texts of errors that quote it."""

import tomllib

import pytest

from dreamvid.errors import MAX_LENGTH, PresetError
from dreamvid.preset.load import load_preset
from dreamvid.preset.toml import read_toml


@pytest.mark.parametrize("text", ["a." * 20_000 + "a = 1", "x = {" + '"b" .' * 20_000 + "a = 1}"])
def test_toml_keys_of_many_parts_are_refused_at_once(text):
    with pytest.raises(ValueError, match="too many parts"):
        read_toml(text)


def test_toml_dots_in_texts_and_numbers_are_allowed():
    spaced = ", ".join(f"{frame}: (1.{frame})" for frame in range(9000))
    text = f"zoom = \"{spaced}\"\nturn = '{spaced}'\nsizes = [{'0.5, ' * 2000}]\na.b.c = 1"
    assert read_toml(text) == tomllib.loads(text)


def test_toml_nested_too_deep_is_a_value_error():
    with pytest.raises(ValueError, match="too deep"):
        read_toml("x = " + "[" * 5000 + "]" * 5000)


def test_long_error_loses_its_middle_and_keeps_the_cure():
    text = str(PresetError("start.path", "x" * 5000, "give another"))
    assert len(text) < MAX_LENGTH
    assert text.startswith("start.path: xxx") and text.endswith("(give another)")
    assert str(PresetError("a", "short")) == "a: short"


@pytest.mark.parametrize("name", [f"{'a' * 5000}.toml", "a\0b.toml", "a\0b", "a" * 5000])
def test_preset_name_that_is_no_path_is_refused(name):
    with pytest.raises(PresetError):
        load_preset(name)
