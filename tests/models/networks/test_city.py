"""City models: what a file must hold, and that a base under one is left as it was."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from dreamvid.errors import ModelError
from dreamvid.models.head import Head
from dreamvid.models.networks.city import (
    FORMAT,
    TOPS,
    City,
    fingerprint,
    read_city,
    summary,
    write_city,
)
from dreamvid.models.networks.googlenet import FROZEN, GoogLeNet
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CATALOGUE
from dreamvid.models.weights.install import install
from tests.support import reference
from tests.support.command import run

CPU = torch.device("cpu")
WORDS = ("beach", "church", "gaudi")


def changed(weights, rng):
    """Half-precision numbers, as a city's file has them."""
    return {
        name: (w + 0.01 * torch.randn(w.shape, generator=rng)).half().float()
        for name, w in weights.items()
    }


def make_city(on, rng, **changes):
    network, found = store.load_base(on)
    entry = CATALOGUE[on]
    layer = TOPS[entry.architecture]
    seen = network(torch.zeros(1, 3, 64, 64), [layer])[layer]
    parts = {
        "base": on,
        "architecture": entry.architecture,
        "fingerprint": found,
        "pixels": entry.pixels,
        "learned": changed(network.learnable, rng),
        "head": Head(
            layer, torch.randn(5, seen.shape[1], generator=rng).half().float(), torch.zeros(5)
        ),
        "words": WORDS,
        "vectors": torch.randn(len(WORDS), 5, generator=rng).half().float(),
        "about": {"credits": "photos: nobody", "seed": 1},
    }
    return City(**(parts | changes))


@pytest.fixture
def city(rng):
    return make_city("lite0", rng)


def test_a_city_is_read_as_it_was_written(city, tmp_path):
    write_city(city, tmp_path / "town.safetensors")
    found = read_city(tmp_path / "town.safetensors")
    assert (found.base, found.words, found.about) == ("lite0", WORDS, city.about)
    assert found.pixels == city.pixels
    assert_close(dict(found.learned), dict(city.learned), rtol=0, atol=0)
    assert_close(found.vectors, city.vectors, rtol=0, atol=0)
    assert found.captions == {}
    write_city(city, tmp_path / "again.safetensors")  # whatever the order of its metadata
    same = (tmp_path / "again.safetensors").read_bytes()
    assert (tmp_path / "town.safetensors").read_bytes() == same


def test_captions_of_words_are_kept_and_may_be_missing(city, tmp_path, capsys):
    path = tmp_path / "town.safetensors"
    write_city(replace(city, captions={"gaudi": 7, "beach": 2, "paella": 1, "rice": 3}), path)
    assert read_city(path).captions == {"gaudi": 7, "beach": 2, "paella": 1, "rice": 3}
    space = store.load(install(path, "town").name, CPU).words
    assert space is not None
    with pytest.raises(ValueError, match=r"no word 'paella': 1 caption had it, which is too few"):
        space.vector("paella")
    with pytest.raises(ValueError, match=r"no word 'rice': 3 captions had it, which is too few"):
        space.vector("rice")
    with pytest.raises(ValueError, match=r"no word 'bea' \(nearest: beach\)$"):
        space.vector("bea")
    assert run(capsys, "labels", "--model", "town")[1].startswith("gaudi\t7\nbeach\t2\nchurch\tnot")
    code, said, error = run(capsys, "labels", "bea", "--model", "town", "--json")
    assert code == 0 and json.loads(said) == [{"name": "beach", "captions": 2}]
    code, said, error = run(capsys, "labels", "rice", "--model", "town")
    assert code == 2 and "WORD: town: the model knows no word 'rice': 3 captions had it" in error

    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()[FORMAT])
    del about["captions"]  # as 0.7 wrote it
    save_file(load_file(path), path, {FORMAT: json.dumps(about)})
    assert read_city(path).captions == {}
    save_file(load_file(path), path, {FORMAT: json.dumps(about | {"captions": {"sea": "x"}})})
    with pytest.raises(ModelError, match="numbers of captions"):
        read_city(path)


@pytest.mark.slow
def test_an_installed_city_is_its_base_below_and_learned_above(city, tmp_path, image):
    write_city(city, tmp_path / "town.safetensors")
    assert install(tmp_path / "town.safetensors").name == "town"
    town, base = store.load("town", CPU), store.load("lite0", CPU)
    below, above = "block_10/output", "block_11/expand"
    seen, plain = (model(image, [below, above]) for model in (town, base))
    assert_close(seen[below], plain[below], rtol=0, atol=0)
    assert not torch.equal(seen[above], plain[above])
    # The first learned layer by NumPy: a 1x1 convolution of what is below, cut off at 0 and 6.
    weight, bias = (city.learned[f"{above}.{part}"].double().numpy() for part in ("weight", "bias"))
    expected = np.einsum("oc,chw->ohw", weight[..., 0, 0], plain[below][0].double().numpy())
    expected = (expected + bias[:, None, None]).clip(0, 6)
    assert_close(seen[above][0].double().numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_city_has_words_and_no_classes(city, tmp_path):
    write_city(city, tmp_path / "town.safetensors")
    install(tmp_path / "town.safetensors", "mine")
    town = store.load("mine", CPU)
    assert town.head is None and "classes" not in town.layers
    assert town.words is not None
    expected = city.vectors[2] / city.vectors[2].norm()
    assert_close(town.words.vector("Gaudí"), expected)  # however it is written
    assert town.same_as and town.same_as[0] == "lite0"
    assert not {*town.usual_layers} & {*town.same_as[1]}


def test_the_lites_last_ten_layers_are_learned_and_go_on_from_the_frozen_one(image):
    network, _ = store.load_base("lite0")
    assert network.frozen == "block_10/output"
    pixels = torch.rand(2, 3, 64, 64)
    seen = network(pixels, ["block_10/output", "head"])
    assert_close(
        network.after_frozen(seen["block_10/output"], "head"), seen["head"], rtol=0, atol=0
    )
    names = {name.rpartition(".")[0] for name in network.learnable}
    assert "block_11/expand" in names and "head" in names
    assert not {n for n in names if n.startswith("block_1/")} and "block_10/project" not in names


@pytest.mark.slow
def test_a_googlenet_goes_on_from_the_frozen_layer_with_what_it_learned(rng):
    weights = {name: torch.tensor(value) for name, value in reference.random_googlenet().items()}
    network = GoogLeNet(weights)
    pixels = torch.randn(2, 3, 75, 61, generator=rng) * 50
    top = TOPS["googlenet"]
    seen = network(pixels, [FROZEN, top])
    assert_close(network.after_frozen(seen[FROZEN], top), seen[top], rtol=0, atol=0)
    learned = changed(network.learnable, rng)
    assert {name.split("/")[0] for name in learned} == {
        f"inception_{n}" for n in ("4e", "5a", "5b")
    }
    town = network.with_learned(learned)
    after = town(pixels, [*network.same_as_base, "inception_5a/3x3"])
    before = network(pixels, network.same_as_base)
    for name in network.same_as_base:
        assert_close(after[name], before[name], rtol=0, atol=0)
    # Every blob above against an independent float64 reading of the described network.
    mixed = reference.random_googlenet() | {n: w.numpy() for n, w in learned.items()}
    blobs = reference.blobs(mixed, pixels.double())
    error = (after["inception_5a/3x3"].double() - blobs["inception_5a/3x3"]).abs().max()
    assert error < 1e-4 * blobs["inception_5a/3x3"].abs().max()
    assert town.head is None and network.head is not None


def test_what_learning_leaves_alone_does_not_depend_on_the_learned_weights(rng):
    weights = {name: torch.tensor(value) for name, value in reference.random_googlenet().items()}
    network = GoogLeNet(weights)
    leaves = {name: w.clone().requires_grad_() for name, w in network.learnable.items()}
    seen = network.with_learned(leaves)(torch.rand(1, 3, 64, 64), network.layers[:-2])
    same = {name for name, value in seen.items() if not value.requires_grad}
    assert same == {*network.same_as_base}


@pytest.mark.slow
def test_files_that_are_no_good_city_are_refused_in_one_line(city, tmp_path, rng, capsys):
    path = tmp_path / "bad.safetensors"

    def refused(problem):
        code, out, err = run(capsys, "models", "import", path)
        assert code == 3 and out == "" and len(err.splitlines()) == 1 and problem in err, err
        assert "bad" not in store.known()

    write_city(make_city("lite0", rng, words=("beach", "beach", "gaudi")), path)
    refused("not all different")
    write_city(make_city("lite0", rng, vectors=torch.zeros(2, 5)), path)
    refused("(2, 5) vectors for 3 words")
    write_city(make_city("lite0", rng, vectors=torch.full((3, 5), torch.nan)), path)
    refused("not finite")
    write_city(make_city("lite0", rng, fingerprint="0" * 64), path)
    refused("another lite0")
    write_city(make_city("lite0", rng, base="unheard-of"), path)
    refused("unheard-of")
    write_city(make_city("lite0", rng, learned={}), path)
    refused("learned weights")
    write_city(
        make_city("lite0", rng, learned={n: w.flatten() for n, w in city.learned.items()}), path
    )
    refused("learned weights")
    write_city(city, path)
    tensors = load_file(path)
    save_file(tensors, path, {"dreamvid city 2": "{}"})
    refused("dreamvid city 2")
    save_file(tensors, path, {"dreamvid city 1": "["})
    refused("damaged")
    for about in ("[]", "{}", '{"words": 3, "pixels": [], "about": 1}'):
        save_file(tensors, path, {"dreamvid city 1": about})
        refused("damaged")
    write_city(city, path)
    path.write_bytes(path.read_bytes()[:-100])
    refused("damaged")


@pytest.mark.slow
def test_a_city_takes_no_other_models_name_and_needs_its_base(city, tmp_path, capsys, rng):
    path = tmp_path / "town.safetensors"
    write_city(city, path)
    code, _, err = run(capsys, "models", "import", path, "--name", "googlenet")
    assert code == 3 and "give another name" in err
    googlenet = make_city(
        "lite0",
        rng,
        base="googlenet",
        architecture="googlenet",
        head=Head(TOPS["googlenet"], torch.zeros(5, 4), torch.zeros(5)),
    )
    write_city(googlenet, path)
    code, _, err = run(capsys, "models", "import", path)
    assert code == 3 and "dreamvid models get googlenet" in err


@pytest.mark.slow
def test_models_list_and_layers_know_a_city(city, tmp_path, capsys):
    write_city(city, tmp_path / "town.safetensors")
    install(tmp_path / "town.safetensors")
    _, out, _ = run(capsys, "models", "list", "--json")
    row = next(row for row in json.loads(out) if row["name"] == "town")
    assert row["about"] == "a city of 3 words, on lite0" and row["licence"] == "photos: nobody"
    _, out, _ = run(capsys, "layers", "town")
    assert "block_10/output =" in out and "block_11/expand *" in out and "classes" not in out


@pytest.mark.slow
def test_dreaming_below_what_was_learned_says_so(city, tmp_path, capsys, texture):
    from dreamvid.image import from_bytes
    from dreamvid.media.images.writing import save

    write_city(city, tmp_path / "town.safetensors")
    install(tmp_path / "town.safetensors")
    save(from_bytes(texture(64, 64)), tmp_path / "photo.png")
    common = ("dream", tmp_path / "photo.png", "--set", "dream.steps=1", "--set", "dream.octaves=1")
    pictures = []
    for model in ("town", "lite0"):
        target = tmp_path / f"{model}.png"
        code, _, err = run(
            capsys,
            *common,
            "--out",
            target,
            "--model",
            model,
            "--set",
            "dream.layers=block_6/expand",
        )
        assert code == 0
        assert ("town is lite0 itself" in err) == (model == "town")
        pictures.append(target.read_bytes())
    assert pictures[0] == pictures[1]
    code, _, err = run(
        capsys, *common, "--out", target, "--model", "town", "--set", "dream.words=beach -church"
    )
    assert code == 0 and "itself" not in err


def test_a_fingerprint_is_of_numbers_not_of_files():
    one, two = torch.arange(6.0).reshape(2, 3), torch.ones(2)
    assert fingerprint({"a": one, "b": two}) == fingerprint({"b": two, "a": one.T.contiguous().T})
    others = [{"a": one, "b": two + 1}, {"a": one, "c": two}, {"a": one.reshape(3, 2), "b": two}]
    assert fingerprint({"a": one, "b": two}) not in {fingerprint(other) for other in others}


def test_only_networks_with_a_top_can_learn():
    with pytest.raises(ModelError, match="a city cannot be learned on it"):
        store.load_base("resnet50")


@pytest.mark.slow
def test_a_city_has_its_bases_directions_until_it_has_its_own(city, tmp_path, capsys):
    from dreamvid.models.directions import library as shelf

    write_city(city, tmp_path / "town.safetensors")
    install(tmp_path / "town.safetensors")
    assert shelf.find("city", "town") == shelf.SHIPPED / "lite0" / "city.safetensors"
    common = ("preview", "quickstart", "--model", "town", "--size", "64x48", "--frames", "1")
    code, _, err = run(capsys, *common, "--out", tmp_path / "sheet.png")
    assert code == 0, err
    own = shelf.new("city", "town")
    own.parent.mkdir(parents=True)
    own.write_bytes((shelf.SHIPPED / "lite0" / "gothic.safetensors").read_bytes())
    assert shelf.find("city", "town") == own
    code, _, err = run(
        capsys, *common, "--set", "dream.direction=unheard", "--out", tmp_path / "x.png"
    )
    assert code == 2 and "`dreamvid direction unheard --photos DIR --model town`" in err


@pytest.mark.slow
def test_a_city_whose_base_is_gone_says_so(tmp_path, rng):
    lite = store.find("lite0")
    assert lite
    install(lite.path, "mynet")
    write_city(make_city("lite0", rng, base="mynet"), tmp_path / "town.safetensors")
    with pytest.raises(ModelError, match=r"--name mynet: .* stands on that model"):
        install(tmp_path / "town.safetensors", "mynet")
    install(tmp_path / "town.safetensors")
    record = store.folder() / "mynet.json"
    for vanish in ((store.folder() / "mynet.safetensors").unlink, record.unlink):
        vanish()
        with pytest.raises(ModelError, match=r"^model town: its base mynet is gone; "):
            store.find("town")


def test_a_city_of_another_version_is_not_called_damaged(city, tmp_path):
    path = tmp_path / "town.safetensors"
    write_city(city, path)
    tensors = load_file(path)
    for metadata in ({"dreamvid city 2": "{}"}, {"format": "dreamvid city 0"}):
        save_file(tensors, path, metadata)
        assert summary(path) == ("a city of another version", "")
    path.write_bytes(b"nothing")
    assert summary(path) == ("a city, damaged", "")


def test_a_city_whose_numbers_are_beyond_floats_is_damaged(city, tmp_path):
    path = tmp_path / "town.safetensors"
    write_city(city, path)
    arrays, metadata = load_file(path), city_metadata(path)
    about = json.loads(metadata[FORMAT])
    about["pixels"]["scale"] = 10**400
    save_file(arrays, path, {FORMAT: json.dumps(about)})
    with pytest.raises(ModelError, match="damaged"):
        read_city(path)


def test_what_is_shown_of_a_city_is_bounded(city, tmp_path):
    path = tmp_path / "town.safetensors"
    write_city(replace(city, base="b" * 5000, about={"credits": "c" * 5000}), path)
    assert all(0 < len(text) <= 1000 for text in summary(path))


def city_metadata(path):
    with safe_open(path, "pt") as file:
        return file.metadata()
