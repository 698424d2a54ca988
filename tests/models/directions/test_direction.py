"""Directions as files: what is in them, where they are found, and which are refused."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from dreamvid.errors import PresetError
from dreamvid.film.directions import direction_for
from dreamvid.film.inputs import inputs
from dreamvid.film.job import build
from dreamvid.film.resolve import with_layers
from dreamvid.models.directions import library as shelf
from dreamvid.models.directions.direction import Direction, read_direction, write_direction
from dreamvid.models.weights import store
from dreamvid.preset.load import load_preset, with_settings
from dreamvid.preset.schema import DreamOptions
from dreamvid.system.files import sha256

FIRST, SECOND = "block_1/expand", "block_2/expand"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lite():
    return store.load("lite0", CPU)


def dream(*settings):
    return with_settings(["video.frames=2", *settings]).dream


def town(**changes):
    made = {
        "weights": {FIRST: torch.linspace(0, 1, 96), SECOND: torch.ones(144)},
        "shares": {FIRST: 1.0, SECOND: 0.25},
        "model": "lite0",
        "digest": "sha256:" + "0" * 64,
        "made": "labels city, seed 0",
        "credits": "Photos: Àngel",
    }
    return Direction(**(made | changes))


def test_a_direction_is_written_and_read_back_with_all_it_says(tmp_path):
    path = tmp_path / "town.safetensors"
    write_direction(path, town())
    with safe_open(path, framework="np") as file:
        about = json.loads(file.metadata()["dreamvid"])
        stored = file.get_tensor(FIRST)
    assert about["format"] == "dreamvid direction 1" and about["model"] == "lite0"
    assert about["shares"] == {FIRST: 1.0, SECOND: 0.25}
    assert stored.shape == (96,) and abs(stored[48] - 48 / 95) < 1e-3
    found = read_direction(path)
    assert (found.made, found.credits) == ("labels city, seed 0", "Photos: Àngel")
    assert found.digest == town().digest and found.share(SECOND) == 0.25


def test_a_file_of_weights_alone_is_a_direction(tmp_path):
    save_file({FIRST: torch.ones(96)}, tmp_path / "plain.safetensors")
    found = read_direction(tmp_path / "plain.safetensors")
    assert found.model == "" and found.share(FIRST) == 1.0


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "dreamvid direction 2"},
        {"shares": [1]},
        {"shares": {FIRST: 0}},
        {"shares": {FIRST: 1, SECOND: 1}},
        None,
    ],
)
def test_metadata_that_is_not_understood_is_refused(changes, tmp_path):
    about = {"format": "dreamvid direction 1", "model": "", "model_sha256": "", "made": ""}
    about |= {"credits": "", "shares": {FIRST: 1}}
    text = "{" if changes is None else json.dumps(about | changes)
    path = tmp_path / "odd.safetensors"
    save_file({FIRST: torch.ones(96)}, path, {"dreamvid": json.dumps(about)})
    assert read_direction(path).share(FIRST) == 1
    save_file({FIRST: torch.ones(96)}, path, {"dreamvid": text})
    with pytest.raises(PresetError, match=r"not understand \(make it again with"):
        read_direction(path)


def keep(home, name, direction=None, model="lite0"):
    path = home / "directions" / model / f"{name}.safetensors"
    write_direction(path, direction or town())
    return path


def test_a_name_is_found_for_the_presets_model_and_a_path_stays_a_path(models_home, tmp_path):
    path = keep(models_home, "town")
    assert shelf.find("town", "lite0") == path
    assert shelf.find("city", "lite0") == shelf.SHIPPED / "lite0" / "city.safetensors"
    with pytest.raises(PresetError, match=r"lite0 has no direction 'towm' \(did you mean town\?"):
        shelf.find("towm", "lite0")
    makes = r"resnet50 has no direction 'town' \(`dreamvid direction town --labels city --model re"
    with pytest.raises(PresetError, match=makes):
        shelf.find("town", "resnet50")
    preset = tmp_path / "mine.toml"
    film = "[video]\nframes = 2\n[dream]\n"
    preset.write_text(f'{film}direction = "town"\n')
    assert load_preset(str(preset)).dream.direction[0].name == "town"
    for written in ("town.safetensors", "sub/town.safetensors"):
        preset.write_text(f'{film}direction = "{written}"\n')
        assert load_preset(str(preset)).dream.direction[0].name == tmp_path / written
    record = load_preset(str(preset)).dream.model_dump(mode="json")
    assert (
        DreamOptions.model_validate(record).direction[0].name == tmp_path / "sub/town.safetensors"
    )


@pytest.mark.parametrize("name", ["", "Town", "../town", "town.safetensors", "none", "a b"])
def test_names_that_cannot_be_are_refused(name):
    with pytest.raises(PresetError, match=r"^NAME: .* cannot be a direction's name \(lower-case"):
        shelf.new(name, "lite0")


def test_what_is_shipped_cannot_be_replaced(models_home):
    with pytest.raises(PresetError, match=r"city of lite0 comes with dreamvid \(.*my-city"):
        shelf.new("city", "lite0")
    assert shelf.new("city", "resnet50") == models_home / "directions/resnet50/city.safetensors"
    keep(models_home, "city")
    assert [one.shipped for one in shelf.kept() if (one.name, one.model) == ("city", "lite0")] == [
        True
    ]


def test_layers_and_shares_are_the_directions_unless_named(models_home, lite):
    keep(models_home, "town")
    found = with_layers(dream("dream.direction=town"), lite)
    assert [(layer.name, layer.weight) for layer in found.layers] == [(FIRST, 1.0), (SECOND, 0.25)]
    assert found.layer_objectives == ("direction", "direction")
    named = dream("dream.direction=town", f"dream.layers={SECOND}")
    assert [(layer.name, layer.weight) for layer in with_layers(named, lite).layers] == [
        (SECOND, 1.0)
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "googlenet"}, "town was made for googlenet, not for lite0"),
        (
            {"weights": {"conv9": torch.ones(4)}, "shares": {"conv9": 1.0}},
            "town is for conv9, a layer that lite0 does not have",
        ),
    ],
)
def test_another_models_direction_is_refused_with_the_cure(changes, said, models_home, lite):
    keep(models_home, "town", town(**changes))
    cure = r" \(`dreamvid direction town --labels city --model lite0` makes one\)$"
    with pytest.raises(PresetError, match=rf"^dream\.direction: {said}{cure}"):
        direction_for("town", lite)


def test_the_same_file_under_another_name_is_the_same_model(models_home, lite):
    installed = store.find("lite0")
    assert installed is not None
    keep(models_home, "town", town(model="renamed", digest=installed.digest))
    assert direction_for("town", lite).made == "labels city, seed 0"


def test_a_model_trained_again_is_warned_of(models_home, lite, caplog):
    installed = store.find("lite0")
    assert installed is not None
    keep(models_home, "town", town(digest=installed.digest))
    for name in ("town", "city"):
        direction_for(name, lite)
    assert not caplog.messages
    keep(models_home, "town", town(digest="sha256:" + "1" * 64))
    direction_for("town", lite)
    (said,) = caplog.messages
    assert said.startswith("dream.direction: town was made for another lite0 than the one")
    assert "`dreamvid direction town --labels city --model lite0` makes one" in said


@pytest.mark.parametrize(
    ("model", "way"),
    [
        ("lite2", "--labels city"),
        ("googlenet_bn", "--labels city"),
        ("googlenet", "--labels city"),
        ("places365", "--photos DIR"),  # its classes are other ones
        ("vgg16", "--photos DIR"),  # its classes are of 7x7 places at once
    ],
)
def test_a_cure_is_one_that_the_model_can_take(model, way):
    assert shelf.how("town", model) == f"`dreamvid direction town {way} --model {model}` makes one"


def test_a_film_is_of_the_directions_digest(models_home):
    """So that a render is not gone on with by another direction of the same name."""
    path = keep(models_home, "town")
    small = ["start.size=32x32", "video.frames=2", "dream.octaves=1"]
    preset = with_settings(["model=lite0", "dream.direction=town", *small])
    assert "dream.direction" not in inputs(preset)  # no user's file that could be overwritten
    one = build(preset, CPU)
    assert "dream.direction" not in one.key and one.key["dream.direction sha256"] == sha256(path)
    assert one.preset.dream.direction[0].name == "town"
    write_direction(path, town(weights={FIRST: torch.ones(96), SECOND: torch.ones(144)}))
    assert build(preset, CPU).key != one.key


def test_layers_and_guides_asked_for_take_the_place_of_a_presets_direction():
    assert load_preset("quickstart").dream.direction[0].name == "city"
    asked = load_preset("quickstart", ["dream.layers=block_9/expand"]).dream
    assert asked.direction == () and asked.objective == "energy"
    assert load_preset("quickstart", ["dream.guide=a.png"]).dream.objective == "guide"
    assert load_preset("quickstart", ["dream.direction=none"]).dream.objective == "energy"
    assert load_preset("footage-strong").dream.layers
    named = load_preset("footage-strong", ["dream.direction=city"]).dream
    assert (named.layers, named.objective) == ((), "direction")
    assert load_preset("footage-strong", ["dream.direction='none'"]).dream.layers
    both = ["dream.layers=head", "dream.direction=city"]
    for settings in (both, both[::-1]):
        assert load_preset("quickstart", settings).dream.objective == "direction"


def test_a_share_beyond_floats_is_not_understood(tmp_path):
    path = tmp_path / "town.safetensors"
    about = {"format": "dreamvid direction 1", "shares": {"a": 10**400}}
    save_file({"a": torch.ones(3)}, path, {"dreamvid": json.dumps(about)})
    with pytest.raises(PresetError, match="does not understand"):
        read_direction(path)
