import csv
import json
from dataclasses import asdict
from hashlib import sha256

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image as PilImage

from dreamvid.models.head import Head
from dreamvid.models.networks.city import City, write_city
from dreamvid.models.weights import store
from dreamvid.models.weights.install import install
from dreamvid.training.data.pairs import Rules
from dreamvid.training.data.split import position
from dreamvid.training.evaluation import word_dreams as dreams
from tests.support.command import run

COUNT, SEED = 24, 9  # which keeps seven apart, of both kinds
COLOURS = {"sunset": (230, 60, 30), "ocean": (20, 70, 230)}
WORDS = ("sunset", "ocean", "unsaid")


@pytest.fixture
def photos(tmp_path, texture):
    """Red ones said to be of a sunset, blue ones of an ocean; all alike but for that."""
    folder = tmp_path / "photos"
    folder.mkdir()
    with (folder / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "caption"))
        for number in range(COUNT):
            word, colour = list(COLOURS.items())[number % 2]
            mixed = (texture(230, 230, number) * 0.3 + np.array(colour) * 0.7).astype(np.uint8)
            PilImage.fromarray(mixed).save(folder / f"{number}.png")
            rows.writerow((f"{number}.png", f"{word} evening harbour"))
    return folder


@pytest.fixture
def city(photos, tmp_path):
    """A model that knows the colours from the two first photos alone."""
    base, fingerprint = store.load_base("lite0")
    features = store.load("lite0", torch.device("cpu"))

    def seen(number):
        pixels = np.asarray(PilImage.open(photos / f"{number}.png"))[3:227, 3:227]
        image = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255
        with torch.no_grad():
            return features(image, ["head"])["head"].mean((2, 3))[0]

    red, blue = seen(0), seen(1)
    apart = F.normalize(red - blue, dim=0)
    weight = torch.stack([apart, -apart, torch.zeros(len(apart))])
    head = Head("head", weight, -weight @ (red + blue) / 2)

    def make(name="town", **about):
        rules = asdict(Rules(duplicates=False))
        kept = held_out(SEED)
        told = {"seed": SEED, "rules": rules, "counts": {"test": len(kept)}}
        told |= {"names_sha256": digest(f"{number}.png" for number in kept)} | about
        vectors = torch.eye(3) + 0.1
        learned = base.learnable
        found = City(
            "lite0", "lite", fingerprint, features.pixels, learned, head, WORDS, vectors, told
        )
        path = tmp_path / f"{name}.safetensors"
        write_city(found, path)
        install(path, name)
        return name

    return make


def digest(names):
    return sha256("\n".join(sorted(names)).encode()).hexdigest()


def held_out(seed):
    return [n for n in range(COUNT) if position(f"{n}.png", seed) >= 0.85]


def table(photos):
    return ["--images", photos, "--captions", photos / "captions.csv"]


@pytest.mark.slow
def test_photos_and_words_find_each_other(capsys, photos, city, tmp_path):
    out = tmp_path / "sheets"
    words = [city(), *table(photos), "--no-dreams", "--out", out, "--json"]
    code, printed, errors = run(capsys, "evaluate", *words)
    assert code == 0 and "other photos" not in errors
    told = json.loads(printed)
    kept = held_out(SEED)
    assert told["photos"] == len(kept) == 7 and not told["all"]
    images = told["word_to_image"]
    assert (images["queries"], images["answers"]) == (2, len(kept))
    assert list(images["measures"]) == [
        "best possible",
        "the model",
        "ridge on its base",
        "untrained head",
        "chance",
    ]
    assert images["measures"]["the model"] == images["measures"]["best possible"]
    to_words = told["image_to_word"]
    assert (to_words["queries"], to_words["answers"]) == (len(kept), 3)
    assert to_words["measures"]["the model"]["precision"]["1"] == 1
    assert to_words["measures"]["chance"]["precision"]["1"] == pytest.approx(1 / 3)
    assert {word for word, _ in told["nearest"]["sunset"]} == {"ocean", "unsaid"}
    assert told["files"] == [str(out / "words.png")]


@pytest.mark.slow
def test_all_evaluates_all_photos(capsys, photos, city, tmp_path):
    told = {"counts": {"test": 0}, "names_sha256": digest(f"{n}.png" for n in range(COUNT))}
    common = (*table(photos), "--all", "--no-dreams", "--out", tmp_path / "sheets")
    _, _, errors = run(capsys, "evaluate", city("all", **told), *common)
    assert "other photos" not in errors
    words = [city(), *common, "--json"]
    code, printed, _ = run(capsys, "evaluate", *words)
    told = json.loads(printed)
    assert code == 0 and told["photos"] == COUNT and told["all"]
    assert told["word_to_image"]["measures"]["chance"]["precision"]["1"] == 0.5
    assert "ridge on its base" not in told["word_to_image"]["measures"]  # nothing is left to learn


@pytest.mark.slow
def test_sheets_show_the_given_words(capsys, photos, city, tmp_path, monkeypatch):
    monkeypatch.setattr(dreams, "WIDTH", 64)
    monkeypatch.setattr(dreams, "HEIGHT", 48)
    monkeypatch.setattr(dreams, "SETTINGS", ("dream.octaves=1", "dream.steps=2"))
    out = tmp_path / "sheets"
    words = [city(), *table(photos), "--all", "--words", "SÚNSET, ocean -Sunset", "--out", out]
    code, printed, _ = run(capsys, "evaluate", *words)
    assert code == 0
    assert "2 words find their photos, among 24" in printed
    assert "the model\t1.000\t1.000\t1.000" in printed
    sheet = np.asarray(PilImage.open(out / "words.png")).astype(int)
    green = (sheet[..., 1] > 200) & (sheet[..., 0] < 120)
    assert green.any(1).sum() == 2 * 120 and green.any(0).sum() == 6 * 180  # all twelve are framed
    rows = np.flatnonzero(green.any(1))
    reds = (sheet[..., 0] > 150) & (sheet[..., 2] < 120)
    blues = (sheet[..., 2] > 150) & (sheet[..., 0] < 120)
    upper, lower = slice(rows[0], rows[0] + 120), slice(rows[0] + 120, None)
    assert reds[upper].sum() > 50_000 > 1000 > reds[lower].sum()
    assert blues[lower].sum() > 50_000 > 1000 > blues[upper].sum()
    dreamed = PilImage.open(out / "dreams.png")
    assert dreamed.width == 2 * (64 + 8) + 8
    left, right = (np.asarray(dreamed.crop((x, 40, x + 64, 88))).astype(int) for x in (8, 80))
    assert left.std() > 5 and np.abs(left - right).mean() > 1  # two dreams, unlike each other


@pytest.mark.slow
def test_other_photos_are_noted(capsys, photos, city, tmp_path):
    others = digest(["x.png"] * len(held_out(SEED)))  # as many
    words = [city(names_sha256=others), *table(photos), "--no-dreams", "--out", tmp_path / "sheets"]
    code, _, errors = run(capsys, "evaluate", *words)
    assert code == 0
    assert "town was trained on other photos than these, or by other captions" in errors


@pytest.mark.slow
def test_mistakes_are_one_line(capsys, photos, city, tmp_path):
    def refused(*words):
        code, printed, errors = run(capsys, "evaluate", *words)
        assert not printed
        return code, errors

    code, line = refused("lite0", *table(photos))
    assert code == 3 and line == (
        "dreamvid: model lite0: it knows no words to be asked for "
        "(`dreamvid train` makes a model that does)\n"
    )
    code, line = refused("googlenet", *table(photos))
    assert code == 3 and "model googlenet is not installed" in line
    code, line = refused(city(), *table(photos), "--words", "sunsett")
    assert code == 2
    assert line == "dreamvid: --words: the model knows no word 'sunsett' (nearest: sunset)\n"
    code, line = refused(city(), "--images", tmp_path / "none")
    assert code == 2 and line.startswith("dreamvid: --images: ")
    code, line = refused(city(), *table(photos), "--words", "- sunset")
    assert code == 2 and "a minus or plus stands right before its word" in line
    code, line = refused(city(), *table(photos), "--out", photos / "sheets")
    assert code == 2 and "lies among the photos (give another folder)" in line
    code, line = refused(city(), *table(photos), "--out", "")
    assert (
        code == 2 and line == "dreamvid: --out: is the current folder (give a folder of its own)\n"
    )
    (tmp_path / "file").touch()
    code, line = refused(city(), *table(photos), "--out", tmp_path / "file")
    assert code == 6 and "cannot be written" in line
    code, line = refused(city(counts={"test": 0}), *table(photos))
    assert code == 3 and "it learned from all its photos (--all asks about them)" in line
    for about in ({"rules": None}, {"rules": {"unknown": 1}}, {"seed": None}):
        code, line = refused(city(**about), *table(photos))
        assert code == 3
        assert line == "dreamvid: model town: it does not say how its photos were chosen\n"


@pytest.mark.slow
def test_ridge_needs_more_than_one_training_photo(capsys, photos, city, tmp_path):
    kept = held_out(SEED)
    one = next(n for n in range(COUNT) if position(f"{n}.png", SEED) < 0.8)
    stopping = next(n for n in range(COUNT) if 0.8 <= position(f"{n}.png", SEED) < 0.85)
    for number in {*range(COUNT)} - {*kept, one, stopping}:
        (photos / f"{number}.png").unlink()
    words = (city(), *table(photos), "--no-dreams", "--out", tmp_path / "sheets")
    code, printed, _ = run(capsys, "evaluate", *words)
    assert code == 0 and "untrained head" in printed and "ridge on its base" not in printed


def test_too_few_photos_for_a_test_are_reported(capsys, photos, city, tmp_path):
    learned = min({*range(COUNT)} - {*held_out(SEED)})
    for number in {*range(COUNT)} - {learned}:
        (photos / f"{number}.png").unlink()
    words = (city(), *table(photos), "--out", tmp_path / "sheets")
    code, _, line = run(capsys, "evaluate", *words)
    assert code == 2
    assert line.endswith("--images: too few photos: none is kept apart (--all asks about all)\n")
