"""A whole run on the tiny network: what it leaves, and how it goes on."""

import csv
from dataclasses import replace
from hashlib import sha256

import pytest
import torch
from PIL import Image

from dreamvid.errors import ResumeError, Stopped
from dreamvid.models.networks.city import read_city
from dreamvid.training import finish, run
from dreamvid.training.batches import Look
from dreamvid.training.data.pairs import Corpus, Pair
from dreamvid.training.data.split import split
from dreamvid.training.frozen_features import Fresh
from dreamvid.training.run import Watch
from dreamvid.training.session import Wanted
from tests.support.tiny_network import CPU, tiny_base

WORDS = ("sea", "sand", "tower", "harbour", "market", "castle")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(run, "read_base", lambda name, device: tiny_base())
    monkeypatch.setattr(finish, "install", lambda path, name: None)


@pytest.fixture
def corpus(tmp_path, texture):
    pairs = []
    for number in range(24):
        photo = tmp_path / "photos" / f"{number}.png"
        photo.parent.mkdir(exist_ok=True)
        Image.fromarray(texture(64, 64, seed=number)).save(photo)
        words = (WORDS[number % 6], WORDS[(number + 1) % 6], WORDS[number % 4])
        pairs.append(Pair(photo, photo.name, " ".join(words), words))
    return Corpus(tuple(pairs), (), "captions.csv")


def trained(corpus, out, *, stop_at=999, fresh=False, looked=lambda *share: None, **wanted):
    """The outcome, and the progress that was told."""
    told = []
    watch = Watch(looked, told.append, lambda: len(told) >= stop_at)
    settings = {"epochs": 3, "batch": 8, "dreams": False} | wanted
    asked = Wanted("town", "lite0", **settings)
    parts = split(corpus.pairs, asked.seed)
    outcome = run.train(asked, corpus, parts, out, device=CPU, fresh=fresh, watch=watch)
    return outcome, told


@pytest.mark.parametrize("cache", [4.0, 0.0], ids=["cached", "fresh"])
def test_a_stopped_run_goes_on_to_the_same_model(corpus, tmp_path, cache):
    trained(corpus, tmp_path / "whole", cache=cache)
    outcome, _ = trained(corpus, tmp_path / "parts", cache=cache, stop_at=4)
    assert not outcome.finished
    outcome, told = trained(corpus, tmp_path / "parts", cache=cache)
    assert outcome.finished
    assert told[0].step == 5
    whole, parts = (read_city(tmp_path / name / "town.safetensors") for name in ("whole", "parts"))
    assert whole.about == parts.about
    assert torch.equal(whole.head.weight, parts.head.weight)
    assert all(torch.equal(whole.learned[name], parts.learned[name]) for name in whole.learned)


def test_a_model_says_what_made_it(corpus, tmp_path):
    outcome, _ = trained(corpus, tmp_path / "out", credits="us", seed=3)
    about = read_city(outcome.files[0]).about
    parts = split(corpus.pairs, 3)
    assert (about["seed"], about["credits"], about["captions"]) == (3, "us", "captions.csv")
    assert about["counts"]["test"] == len(parts.test)
    names = "\n".join(sorted(pair.name for pair in parts.test))
    assert about["names_sha256"] == sha256(names.encode()).hexdigest()
    assert about["settings"]["epochs"] == 3 == len(about["losses"])
    assert {word for word, _ in about["most_used"]} <= set(WORDS)
    assert about["rules"]["fewest_words"] == 3


def test_outputs_of_the_photos_learned_from_are_around_zero(corpus, tmp_path):
    outcome, _ = trained(corpus, tmp_path / "out", cache=0.0)
    city = read_city(outcome.files[0])
    learned = split(corpus.pairs, 0).train
    network, outputs = tiny_base().network.with_learned(dict(city.learned)), []
    for pair in learned:
        crop = Fresh([pair], tiny_base(), CPU, 0, 0, lambda *what: None)
        (seen,) = crop([[Look(0, 1)]])
        mean = network.after_frozen(seen.activations, "head").mean((2, 3))[0]
        outputs.append((city.head.weight @ mean + city.head.bias).detach())
    middle = torch.stack(outputs).mean(0)
    assert float(middle.norm()) < 0.02 * float(torch.stack(outputs).norm(dim=1).mean())


def test_a_photo_that_breaks_on_the_way_is_skipped_and_listed(corpus, tmp_path):
    broken = split(corpus.pairs, 0).train[9]
    breaks = lambda done, count: broken.photo.write_bytes(b"no photo any more")
    outcome, _ = trained(corpus, tmp_path / "out", looked=breaks)
    assert (outcome.finished, outcome.broken) == (True, 1)
    with (tmp_path / "out" / "dropped.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], row["reason"]) == (broken.name, "damaged picture")


def test_pairs_of_unknown_words_alone_are_listed(corpus, tmp_path):
    learned = split(corpus.pairs, 0).train[0]
    odd = replace(learned, caption="qwert zuiop", words=("qwert", "zuiop"))
    pairs = tuple(odd if pair == learned else pair for pair in corpus.pairs)
    outcome, _ = trained(replace(corpus, pairs=pairs), tmp_path / "out", epochs=1)
    assert outcome.unknown == 1
    with (tmp_path / "out" / "dropped.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], row["reason"]) == (odd.name, "no known word")


def test_another_run_s_folder_is_refused(corpus, tmp_path):
    trained(corpus, tmp_path / "out", stop_at=2)
    with pytest.raises(ResumeError, match=r"epochs 3 -> 4.*--fresh"):
        trained(corpus, tmp_path / "out", epochs=4)
    outcome, _ = trained(corpus, tmp_path / "out", epochs=4, fresh=True)
    assert (outcome.finished, outcome.epochs) == (True, 4)


def test_stopping_while_photos_are_looked_at_says_so(corpus, tmp_path):
    with pytest.raises(Stopped, match=r"views are looked at, and the same command goes on"):
        trained(corpus, tmp_path / "out", stop_at=0)


def test_a_finished_run_only_writes_the_model_again(corpus, tmp_path):
    first, _ = trained(corpus, tmp_path / "out")
    before = read_city(first.files[0])
    again, told = trained(corpus, tmp_path / "out")
    assert told == []
    assert torch.equal(read_city(again.files[0]).head.weight, before.head.weight)
