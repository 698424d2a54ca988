"""A whole run on the tiny network: its results, and how it resumes."""

import csv
from dataclasses import replace
from hashlib import sha256

import pytest
import torch
from PIL import Image

from dreamvid.errors import ResumeError, Stopped
from dreamvid.models.networks.city import read_city
from dreamvid.training import finish, run
from dreamvid.training.batches import Sample
from dreamvid.training.data.pairs import Corpus, Pair
from dreamvid.training.data.split import split
from dreamvid.training.frozen_features import FeatureExtractor
from dreamvid.training.run import Callbacks
from dreamvid.training.session import Hyperparameters, Request
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


def trained(
    corpus,
    out,
    *,
    stop_at=999,
    fresh=False,
    on_features=lambda done, count: None,
    epochs=3,
    seed=0,
    **settings,
):
    """Train on the corpus; return the outcome and the progress reported."""
    reports = []
    callbacks = Callbacks(on_features, reports.append, lambda: len(reports) >= stop_at)
    hyper = Hyperparameters(epochs=epochs, batch=8, seed=seed)
    request = Request("town", "lite0", hyper=hyper, dreams=False, **settings)
    parts = split(corpus.pairs, hyper.seed)
    outcome = run.train(request, corpus, parts, out, device=CPU, fresh=fresh, callbacks=callbacks)
    return outcome, reports


@pytest.mark.slow
@pytest.mark.parametrize("cache", [4.0, 0.0], ids=["cached", "fresh"])
def test_resume_gives_the_same_model(corpus, tmp_path, cache):
    trained(corpus, tmp_path / "whole", cache=cache)
    outcome, _ = trained(corpus, tmp_path / "parts", cache=cache, stop_at=4)
    assert not outcome.finished
    outcome, reports = trained(corpus, tmp_path / "parts", cache=cache)
    assert outcome.finished
    assert reports[0].step == 5
    whole, parts = (read_city(tmp_path / name / "town.safetensors") for name in ("whole", "parts"))
    assert whole.about == parts.about
    assert torch.equal(whole.head.weight, parts.head.weight)
    assert all(torch.equal(whole.learned[name], parts.learned[name]) for name in whole.learned)


def test_model_records_its_training(corpus, tmp_path):
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


def test_outputs_of_training_photos_are_centred(corpus, tmp_path):
    outcome, _ = trained(corpus, tmp_path / "out", cache=0.0)
    city = read_city(outcome.files[0])
    learned = split(corpus.pairs, 0).train
    network, outputs = tiny_base().network.with_learned(dict(city.learned)), []
    for pair in learned:
        crop = FeatureExtractor([pair], tiny_base(), CPU, 0, 0, lambda *what: None)
        (batch,) = crop([[Sample(0, 1)]])
        mean = network.after_frozen(batch.activations, "head").mean((2, 3))[0]
        outputs.append((city.head.weight @ mean + city.head.bias).detach())
    middle = torch.stack(outputs).mean(0)
    assert float(middle.norm()) < 0.02 * float(torch.stack(outputs).norm(dim=1).mean())


def test_broken_photo_is_skipped_and_listed(corpus, tmp_path):
    broken = split(corpus.pairs, 0).train[9]
    breaks = lambda done, count: broken.photo.write_bytes(b"no photo any more")
    outcome, _ = trained(corpus, tmp_path / "out", on_features=breaks)
    assert (outcome.finished, outcome.broken) == (True, 1)
    with (tmp_path / "out" / "dropped.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], row["reason"]) == (broken.name, "damaged picture")


def test_pairs_without_known_words_are_listed(corpus, tmp_path):
    learned = split(corpus.pairs, 0).train[0]
    odd = replace(learned, caption="qwert zuiop", words=("qwert", "zuiop"))
    pairs = tuple(odd if pair == learned else pair for pair in corpus.pairs)
    outcome, _ = trained(replace(corpus, pairs=pairs), tmp_path / "out", epochs=1)
    assert outcome.unknown == 1
    with (tmp_path / "out" / "dropped.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], row["reason"]) == (odd.name, "no known word")


def test_resume_refuses_other_settings(corpus, tmp_path):
    trained(corpus, tmp_path / "out", stop_at=2)
    with pytest.raises(ResumeError, match=r"epochs 3 -> 4.*--fresh"):
        trained(corpus, tmp_path / "out", epochs=4)
    outcome, _ = trained(corpus, tmp_path / "out", epochs=4, fresh=True)
    assert (outcome.finished, outcome.epochs) == (True, 4)


def test_stop_while_filling_the_cache(corpus, tmp_path):
    with pytest.raises(Stopped, match=r"views are done, and the same command goes on"):
        trained(corpus, tmp_path / "out", stop_at=0)


def test_resume_of_a_finished_run_writes_the_model_again(corpus, tmp_path):
    first, _ = trained(corpus, tmp_path / "out")
    before = read_city(first.files[0])
    again, reports = trained(corpus, tmp_path / "out")
    assert reports == []
    assert torch.equal(read_city(again.files[0]).head.weight, before.head.weight)
