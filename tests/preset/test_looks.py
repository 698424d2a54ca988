"""Looks: what they set, and that it shows."""

from itertools import combinations

import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.film.job import still
from dreamvid.preset.load import load_preset, with_settings
from dreamvid.preset.looks import LOOKS
from dreamvid.preset.schema import DreamOptions, Preset

CPU = torch.device("cpu")
QUICK = ("video.frames=1", "dream.layers=block_3/expand", "dream.octaves=2", "dream.steps=3")


@pytest.fixture(scope="module")
def dreamed():
    """(settings) -> a small picture dreamed by them."""
    picture = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    made = {}

    def dream(*settings):
        if settings not in made:
            made[settings] = still(picture, with_settings([*QUICK, *settings]), CPU)
        return made[settings]

    return dream


def test_looks_differ_from_each_other(dreamed):
    pictures = {look: dreamed(f"dream.look={look}") for look in LOOKS}
    for one, other in combinations(pictures, 2):
        apart = (pictures[one] - pictures[other]).abs().mean() * 255
        assert apart > 0.5, (one, other)


def test_classic_is_the_2015_program(dreamed):
    assert torch.equal(dreamed("dream.look=classic"), dreamed())
    assert with_settings(["video.frames=1"]).dream.look == "classic"


@pytest.mark.parametrize("look", LOOKS)
def test_look_sets_known_options(look):
    dream = with_settings(["video.frames=1", f"dream.look={look}"]).dream
    assert {name: getattr(dream, name) for name in LOOKS[look]} == LOOKS[look]
    assert dream.changed() == {*LOOKS[look]} | ({"look"} if look != "classic" else set())


def test_look_yields_to_given_options_in_any_order(dreamed):
    plain = ("dream.frequency=0", "dream.total_variation=0.0", "dream.steps=4")
    for settings in ((*plain, "dream.look=soft"), ("dream.look=soft", *plain)):
        dream = with_settings(["video.frames=1", *settings]).dream
        assert (dream.frequency, dream.total_variation, dream.steps) == (0, 0, 4)
        assert dream.decorrelate == LOOKS["soft"]["decorrelate"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["python", "json"])
@pytest.mark.parametrize("look", LOOKS)
def test_look_reads_back_the_same(look, mode, dreamed):
    """A record spells everything out: also what the look would set, and was told not to."""
    settings = (f"dream.look={look}", "dream.sharpen=0.0")
    preset = with_settings([*QUICK, *settings])
    back = Preset.model_validate(preset.model_dump(mode=mode))
    assert back == preset and back.render_key == preset.render_key
    picture = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(still(picture, back, CPU), dreamed(*settings))


@pytest.mark.parametrize(
    ("look", "cure"),
    [("painterley", "did you mean painterly?"), ("zzz", "known: classic, soft, crisp, painterly")],
)
def test_unknown_look_lists_the_looks(look, cure):
    with pytest.raises(PresetError) as caught:
        with_settings(["video.frames=1", f"dream.look={look}"])
    assert str(caught.value) == f"dream.look: is no look ({cure}), got '{look}'"


@pytest.mark.parametrize("look", ["3", "[]", "{}", "true"])
def test_look_that_is_no_text_is_refused(look):
    with pytest.raises(PresetError, match=r"^dream.look"):
        with_settings(["video.frames=1", f"dream.look={look}"])


def test_schema_lists_the_looks():
    schema = DreamOptions.model_json_schema()["properties"]["look"]
    assert schema["enum"] == list(LOOKS)


def test_look_in_settings_replaces_the_presets():
    plain = load_preset("quickstart").dream
    soft = load_preset("quickstart", ["dream.look=soft", "dream.steps=3"]).dream
    assert (plain.pyramid, plain.frequency, soft.pyramid, soft.frequency) == (4, 0, 0, 1)
    assert (soft.octaves, soft.layers, soft.steps) == (plain.octaves, plain.layers, 3)
    classic = load_preset("quickstart", ["dream.look=classic"]).dream
    assert (classic.pyramid, classic.decorrelate, classic.step_size) == (0, 0, 1.5)
    # What is asked for beside the look still wins, whatever comes first.
    both = load_preset("quickstart", ["dream.pyramid=2", "dream.look=soft"]).dream
    assert (both.pyramid, both.frequency) == (2, 1)
