"""`dreamvid direction` as a user sees it."""

import json

import pytest
import torch

from dreamvid.dream.settings import Ascent
from dreamvid.explore.directions import dreams, make
from dreamvid.media.images.writing import save
from dreamvid.models.directions import library as shelf
from dreamvid.models.directions.direction import Direction, read_direction, write_direction
from dreamvid.models.head import Head
from dreamvid.models.weights import store
from dreamvid.models.words import WordSpace
from tests.support.command import run

SMALL = ("--layers", "block_2/expand")


@pytest.fixture
def photos(tmp_path, rng):
    """Three photos of stripes, three of nothing, and a file that is none."""
    for n in range(3):
        faint = 0.02 * torch.rand(1, 3, 40, 48, generator=rng) + 0.1 * n + 0.3
        stripes = faint.clone()
        stripes[..., ::4] += 0.3
        for name, picture in (("stripes", stripes), ("plain", faint)):
            (tmp_path / name / "in").mkdir(parents=True, exist_ok=True)
            save(picture, tmp_path / name / "in" / f"{n}.png")
    (tmp_path / "stripes" / "broken.jpg").write_bytes(b"not a photo")
    return tmp_path


def test_direction_from_photos_is_named_by_presets(photos, capsys, models_home):
    words = ("--photos", photos / "stripes", "--against", photos / "plain", *SMALL)
    code, said, noted = run(capsys, "direction", "stripes", *words, "--credits", "Photos: me")
    path = models_home / "directions" / "lite0" / "stripes.safetensors"
    assert code == 0 and said.splitlines()[0] == str(path)
    assert "render quickstart --model lite0 --set dream.direction=stripes" in said
    assert "left out: " in noted and "broken.jpg is not a picture" in noted
    found = read_direction(path)
    assert found.made == "3 photos of stripes against 3 photos of plain, keep 0.4"
    assert found.credits == "Photos: me" and list(found.weights) == ["block_2/expand"]
    assert float(found.weights["block_2/expand"].sum()) == pytest.approx(1, abs=0.01)
    assert not said.endswith("replaced the one that was there\n")
    said = run(capsys, "direction", "stripes", *words, "--credits", "Photos: me")[1]
    assert said.endswith("replaced the one that was there\n")
    listed = run(capsys, "direction")[1]
    assert "stripes\tlite0\tblock_2/expand=1\t3 photos of stripes against" in listed
    record = {one["name"]: one for one in json.loads(run(capsys, "direction", "--json")[1])}
    assert record["stripes"]["credits"] == "Photos: me" and not record["stripes"]["shipped"]
    assert record["city"]["shipped"]
    path.write_bytes(b"damaged")
    code, listed, noted = run(capsys, "direction")
    assert code == 0 and "stripes" not in listed and "left out: stripes: " in noted


def test_direction_from_photos_alone_uses_generated_images(photos, capsys, tmp_path):
    out = tmp_path / "made.safetensors"
    words = ("direction", "x", "--photos", photos / "plain", *SMALL, "--out", out, "--json")
    said = json.loads(run(capsys, *words)[1])
    assert said["made"] == "3 photos of plain against generated pictures, seed 0, keep 0.4"
    assert said["file"] == str(out) and not said["replaced"] and said["skipped"] == []
    assert said["shares"] == {"block_2/expand": 1.0}


def test_direction_of_photos_and_others_says_its_whole_recipe(photos, capsys, tmp_path):
    out = tmp_path / "made.safetensors"
    words = ("direction", "x", "--photos", photos / "stripes", "--against", photos / "plain")
    terms = ("--add", "0.2*gothic", "--subtract", "0.25*creatures", "--without", "creatures")
    code, said, _ = run(capsys, *words, *terms, "--keep", "0.3", "--out", out)
    assert code == 0 and str(out) in said
    found = read_direction(out)
    assert found.made.startswith(
        "3 photos of stripes against 3 photos of plain + 0.2 gothic (labels"
    )
    assert " - 0.25 creatures (" in found.made and ", without creatures (" in found.made
    assert found.made.endswith(", keep 0.3")
    creatures = read_direction(shelf.SHIPPED / "lite0" / "creatures.safetensors")
    for layer, weights in found.weights.items():
        assert (weights[creatures.weights[layer] > 0] < 0).all()


def test_direction_from_labels_finds_them_in_photos(photos, capsys, tmp_path):
    words = ("direction", "x", "--labels", "city", "--photos", photos / "stripes")
    out = tmp_path / "made.safetensors"
    code, _, _ = run(capsys, *words, "--layers", "head=0.3", *SMALL, "--out", out)
    assert code == 0
    found = read_direction(out)
    assert found.made == "labels city, in 3 photos of stripes, keep 0.4"
    assert dict(found.shares) == {"head": 0.3, "block_2/expand": 1.0}


@pytest.mark.slow
def test_direction_from_labels_alone_follows_the_seed(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(dreams, "SIZE", (48, 64))
    monkeypatch.setattr(dreams, "ASCENT", Ascent(octaves=1, steps=1))
    monkeypatch.setattr(make, "STARTS", 2)

    def made(name, *more):
        out = tmp_path / f"{name}.safetensors"
        words = ("direction", "x", "--labels", "gothic", "--layers", "block_13/expand")
        assert run(capsys, *words, "--out", out, *more)[0] == 0
        return out.read_bytes(), read_direction(out)

    one, again, other = made("a"), made("b"), made("c", "--seed", 1)
    assert one[0] == again[0] != other[0]
    assert one[1].made == "labels gothic, seed 0, keep 0.4"
    few = made("d", "--keep", 0.1)[1].weights["block_13/expand"]
    assert 0 < few.count_nonzero() < one[1].weights["block_13/expand"].count_nonzero()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "NAME: nothing says what the direction is made of (--labels city, --photos"),
        (("--labels", "cty"), 2, "--labels: lite0: there is no class 'cty' (did you mean city?)"),
        (("--labels", ""), 2, "--labels: lite0: there is no class ''"),
        (("--words", "gaudi"), 2, "--words: lite0 knows no words (--labels takes those"),
        (("--words", "a", "--labels", "city"), 2, "--words: goes together with neither"),
        (("--labels", "city", "--against", "."), 2, "--against: is for --photos without --labels"),
        (("--labels", "city", "--against-words", "a"), 2, "--against-words: is for --words"),
        (("--labels", "city", "--credits", "me"), 2, "--credits: are for --photos"),
        (("--labels", "city", "--keep", "0"), 2, "--keep: 0 is no share (above 0"),
        (("--labels", "city", "--keep", "nan"), 2, "--keep: nan is no share (above 0"),
        (("--photos", "nowhere"), 2, "--photos: nowhere cannot be read: No such file"),
        (("--photos", "."), 2, "--photos: . holds 0 photos that can be used (at least 3"),
        (("--photos", ".", "--against", "."), 2, "--against: . is --photos too (other photos)"),
        (("--words", "b à", "--against-words", "A b"), 2, "--against-words: are those of --words"),
        (("--labels", "sea", "--photos", ".", "--seed", "0"), 2, "--seed: has no effect: no"),
        (("--photos", ".", "--against", "x", "--seed", "1"), 2, "--seed: has no effect: no"),
        (("--labels", "city", "--layers", "block_13/expnd"), 3, "did you mean block_13/expand?"),
        (("--labels", "city", "--layers", "head=0"), 2, "--layers: 'head=0' gives no share above"),
        (("--labels", "city", "--layers", "head=x"), 2, "--layers: 'head=x' gives no share above"),
        (("--labels", "city", "--model", "nope"), 3, "model: there is no 'nope'"),
        (("--labels", "city", "--model", "../../nope"), 3, "model: there is no '../../nope'"),
        (("--labels", "city", "--model", "googlenet"), 3, "googlenet is not installed"),
        (("--add", "cty"), 2, "--add: lite0 has no direction 'cty' (did you mean city?)"),
        (("--add", "0.2*./no.safetensors"), 2, "--add: no.safetensors does not exist (a .saf"),
        (("--subtract", "creatures"), 2, "NAME: nothing says what the direction is made of"),
        (("--add", "city", "--without", "2*sea"), 2, "--without: '2*sea' is not NAME or a file"),
        (("--add", "city", "--without", "city"), 2, "--without: no channel of block_13/expand is"),
        (("--add", "city", "--seed", "1"), 2, "--seed: has no effect: no picture"),
        (("--add", "city", "--layers", "block_1/expand"), 2, "--layers: no direction that is ad"),
        (("--labels", "city", "--out", "a.bin"), 2, "--out: a.bin does not end in .safetensors"),
        (("--labels", "city", "--out", "/proc/a.safetensors"), 6, "/proc/a.safetensors: cannot be"),
    ],
)
def test_mistakes_are_one_line(words, code, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, _, error = run(capsys, "direction", "town", *words)
    assert found == code and said in error and error.count("\n") == 1
    assert not [*tmp_path.iterdir()]  # no folder was made


def test_mistakes_in_photo_folders_name_the_option(photos, capsys, monkeypatch):
    few = photos / "few"
    few.mkdir()
    save(torch.rand(1, 3, 15, 40), few / "low.png")
    words = ("direction", "x", "--photos", photos / "plain", *SMALL)
    with monkeypatch.context() as patched:
        patched.setattr("dreamvid.explore.directions.photo_folder.load", lambda path, option: 1 / 0)
        code, _, error = run(capsys, *words, "--against", few)
    assert code == 2 and f"--against: {few} holds 1 photos" in error
    save(torch.rand(1, 3, 15, 40), photos / "plain" / "low.png")
    code, _, error = run(capsys, *words)
    assert code == 0 and "low.png is 40x15 pixels, under 16 a side" in error


def test_unknown_word_names_its_option(capsys, rng, monkeypatch):
    lite = store.load("lite0", torch.device("cpu"))
    assert lite.head is not None
    head = Head("head", torch.randn(4, 1280, generator=rng), torch.zeros(4))
    lite.words = WordSpace(("gaudi", "food"), torch.randn(2, 4, generator=rng), head)
    monkeypatch.setattr(store, "load", lambda name, device: lite)
    for words, option in ((("gaudi", "fod"), "--against-words"), (("gudi", "food"), "--words")):
        text, against = words
        code, _, error = run(capsys, "direction", "x", "--words", text, "--against-words", against)
        assert code == 2 and f" {option}: lite0: the model knows no word" in error


@pytest.mark.parametrize(
    ("name", "said"),
    [("city", "comes with dreamvid (another name"), ("To wn", "cannot be a direction's name")],
)
def test_names_are_checked_before_the_work(name, said, capsys):
    code, _, error = run(capsys, "direction", name, "--labels", "city")
    assert code == 2 and said in error


def test_list_of_a_model_includes_its_base(capsys, models_home, monkeypatch):
    own = models_home / "directions" / "barcelona" / "sea.safetensors"
    write_direction(own, Direction({"head": torch.ones(1280)}, {"head": 1.0}, "barcelona"))
    monkeypatch.setattr(shelf, "base_of", lambda name: {"barcelona": "lite0"}.get(name))

    def listed(*words):
        rows = run(capsys, "direction", *words)[1].splitlines()
        return {tuple(row.split("\t")[:2]) for row in rows}

    both = listed("--model", "barcelona")
    assert ("sea", "barcelona") in both and ("city", "lite0") in both
    assert ("sea", "lite0") not in both and {model for _, model in both} == {"barcelona", "lite0"}
    assert {model for _, model in listed("--model", "googlenet")} == {"googlenet"}
    assert {model for _, model in listed()} == {"barcelona", "googlenet", "lite0", "lite2"}


@pytest.mark.parametrize("words", [("--labels", "city"), ("--seed", "0"), ("--device", "cpu")])
def test_options_without_a_name_are_refused(capsys, words):
    code, _, error = run(capsys, "direction", *words)
    assert code == 2 and "NAME: is missing (such as `dreamvid direction town" in error
