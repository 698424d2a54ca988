"""Directions made of others, against NumPy."""

import numpy as np
import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.explore.directions.make import normalised, strongest
from dreamvid.explore.directions.recipe import Recipe, Term, combined, read_recipe
from dreamvid.explore.directions.request import Request, check, make_direction
from dreamvid.models.directions.direction import Direction, read_direction, write_direction
from dreamvid.models.directions.library import SHIPPED
from dreamvid.models.weights import store

CPU = torch.device("cpu")
LAYERS = ("block_13/expand", "block_11/expand", "head")


@pytest.fixture(scope="module")
def lite():
    return store.load("lite0", CPU)


def shipped(name, layer):
    return read_direction(SHIPPED / "lite0" / f"{name}.safetensors").weights[layer].double().numpy()


def unit(weights):
    return weights / np.sqrt((weights**2).sum())


def made(lite, layers=(), **request):
    request = Request(**request)
    check(request)
    track = lambda description, images, count: images
    return make_direction(request, lite, dict(layers), CPU, track).direction


def test_sum_of_shipped_directions_is_that_of_numpy(lite):
    found = made(lite, add=("gothic", "0.5*sea"), subtract=("0.25*creatures",), without=("food",))
    assert {layer: found.share(layer) for layer in found.weights} == pytest.approx(
        {"block_13/expand": 1.0, "block_11/expand": 0.5, "head": 0.3}
    )
    for layer in LAYERS:
        gothic, sea, creatures = (
            unit(shipped(one, layer)) for one in ("gothic", "sea", "creatures")
        )
        total = gothic + 0.5 * sea
        total[shipped("food", layer) > 0] = 0  # kept to its strongest: each speaks for it
        total -= 0.25 * creatures
        expected = total / total[total > 0].sum()
        np.testing.assert_allclose(found.weights[layer], expected, rtol=1e-3, atol=1e-6)
        assert (expected < 0).any()
    assert found.made.startswith(
        "gothic (labels gothic, seed 0, keep 0.4) + 0.5 sea (labels sea, seed"
    )
    assert "- 0.25 creatures (labels " in found.made and ", without food (labels" in found.made
    assert found.made.endswith(", keep 1") and found.model == "lite0"


def test_measured_direction_is_kept_to_its_strongest_after_the_sum():
    """What is subtracted stays, whatever share is kept."""
    base = Direction({"a": torch.tensor([3.0, 0.0, 4.0, 0.0])}, {"a": 1.0})
    other = Direction({"a": torch.tensor([0.0, 0.0, 3.0, 4.0])}, {"a": 1.0})
    found = combined(base, Recipe(subtracted=[Term("x", other, 0.5)]), {})
    np.testing.assert_allclose(found.weights["a"], [0.6, 0, 0.8 - 0.3, -0.4], rtol=1e-6)
    kept = normalised({"a": strongest(found.weights["a"], 0.5)})["a"]
    np.testing.assert_allclose(kept, [1, 0, 0, -0.4 / 0.6], rtol=1e-5)


def test_layer_of_one_direction_alone_keeps_its_part_of_the_share(lite, tmp_path):
    path = tmp_path / "low.safetensors"
    write_direction(path, Direction({"block_1/expand": torch.ones(96)}, {"block_1/expand": 7.0}))
    found = made(lite, add=("city", f"0.5*{path}"))
    share = {layer: found.share(layer) for layer in found.weights}
    # 1.8 in all, a third of which is the file's.
    assert share == pytest.approx(
        {
            "block_13/expand": 1 / 1.5,
            "block_11/expand": 0.5 / 1.5,
            "head": 0.3 / 1.5,
            "block_1/expand": 1.8 / 3,
        }
    )
    assert "low.safetensors (a file that does not say)" in found.made
    only = made(lite, layers={"head": 2.0}.items(), add=("city", f"0.5*{path}"))
    assert dict(only.shares) == {"head": 2.0}
    with pytest.raises(PresetError, match=r"--subtract: low.safetensors has none of"):
        made(lite, add=("city",), subtract=(str(path),))


def test_credits_of_the_parts_are_joined(lite, tmp_path):
    for name, credits in (("one", "Ana, BY-SA"), ("two", "Bo, CC0"), ("three", "Ana, BY-SA")):
        weights = {"head": torch.rand(1280, generator=torch.Generator().manual_seed(len(name)))}
        write_direction(
            tmp_path / f"{name}.safetensors",
            Direction(weights, {"head": 1.0}, "lite0", credits=credits),
        )
    terms = [str(tmp_path / f"{name}.safetensors") for name in ("one", "two", "three")]
    found = made(lite, add=(terms[0],), subtract=(f"0.1*{terms[1]}",), without=(terms[2],))
    assert found.credits == "Ana, BY-SA\nBo, CC0"


@pytest.mark.parametrize("text", ["", "*city", "x*city", "0*city", "-1*city", "1e9*city", "2*3*a"])
def test_terms_that_are_none_are_refused(text, lite):
    with pytest.raises(PresetError, match=r"--add: .* is not NAME or WEIGHT\*NAME \(such as --add"):
        read_recipe((text,), (), (), lite, CPU)


def test_other_models_and_lengths_are_refused(lite, tmp_path):
    path = tmp_path / "town.safetensors"
    write_direction(path, Direction({"head": torch.ones(1280)}, {"head": 1.0}, "googlenet"))
    with pytest.raises(PresetError, match=r"^--without: .*town.* was made for googlenet"):
        read_recipe((), (), (str(path),), lite, CPU)
    write_direction(path, Direction({"head": torch.ones(7)}, {"head": 1.0}, "lite0"))
    with pytest.raises(PresetError, match=r"^--add: 7 weights for head of lite0, which has 1280"):
        read_recipe((str(path),), (), (), lite, CPU)


@pytest.mark.parametrize(("option", "cure"), [("without", "other"), ("subtract", "less of it")])
def test_a_sum_of_which_nothing_is_left_names_the_option(lite, option, cure):
    with pytest.raises(PresetError, match=rf"^--{option}: no channel of .* is left .*\({cure}"):
        made(lite, add=("city",), **{option: ("city",)})
