"""The directions that come with dreamvid."""

import csv

import pytest
import torch

from dreamvid.film.engine import render_frames
from dreamvid.film.job import build
from dreamvid.models.directions import library as shelf
from dreamvid.models.directions.direction import read_direction
from dreamvid.models.labels import classes_of
from dreamvid.models.weights import store
from dreamvid.preset.load import load_preset, names

CHANNELS = {
    "lite0": {"block_13/expand": 1152, "block_11/expand": 672, "head": 1280},
    "lite2": {"block_16/expand": 1248, "block_15/expand": 720},
    "googlenet": {
        "inception_4e/output": 832,
        "inception_5a/output": 832,
        "inception_5b/output": 1024,
    },
}
SHIPPED = [one for one in shelf.kept() if one.shipped]


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: f"{one.model}-{one.name}")
def test_each_fits_its_model(one):
    found = read_direction(one.path)
    counts = {layer: len(weights) for layer, weights in found.weights.items()}
    assert counts == CHANNELS[one.model] and found.model == one.model
    assert f"labels {one.name}, " in found.made or one.name == "eyes"
    assert one.path.stat().st_size < 20_000
    sums = [float(weights.clamp_min(0).sum()) for weights in found.weights.values()]
    assert sums == pytest.approx([1] * len(sums), abs=0.01)


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: f"{one.model}-{one.name}")
def test_one_from_photos_credits_each_of_them(one):
    """Title, author, licence and source, in the file and in a list beside it."""
    found = read_direction(one.path)
    if " in 8 photos of barcelona" not in found.made:
        ours = "crops of films that dreamvid dreamed" if "of eyes" in found.made else ""
        assert found.credits.startswith(ours) and bool(ours) == bool(found.credits)
        return
    with (shelf.SHIPPED / "barcelona.csv").open(encoding="utf-8", newline="") as file:
        photos = list(csv.DictReader(file))
    assert len(photos) == 8
    for photo in photos:
        credit = '"{title}" by {author}, {licence}, {source}'.format(**photo)
        assert credit in found.credits and photo["author"] and "://" in photo["source"]
        assert photo["licence"].startswith(("CC0", "CC BY", "Public domain"))
    shared_alike = any("BY-SA" in photo["licence"] for photo in photos)
    assert found.credits.startswith("CC BY-SA 4.0;") == shared_alike


@pytest.mark.parametrize("model", CHANNELS)
def test_there_is_a_city_for_each(model):
    assert ("city", model) in {(one.name, one.model) for one in SHIPPED}


@pytest.mark.parametrize("name", names())
def test_every_direction_of_a_preset_is_shipped_for_its_model(name):
    preset = load_preset(name)
    for one in preset.dream.direction:
        assert shelf.find(one.name, preset.model).parent.parent == shelf.SHIPPED


@pytest.mark.slow
def test_quickstart_raises_the_citys_log_odds():
    """Above those of its start, and of the same film without a direction."""
    small = ["start.size=160x96", "video.frames=4", "dream.octaves=2"]
    cpu = torch.device("cpu")
    lite = store.load("lite0", cpu)
    head = lite.head
    assert head is not None
    chosen = torch.zeros(1000, dtype=torch.bool)
    chosen[classes_of("city", head.labels, 1000)] = True

    def odds(image):
        with torch.no_grad():
            seen = lite(image, ["classes"])["classes"].flatten()
        return float(seen[chosen].logsumexp(0) - seen[~chosen].logsumexp(0))

    def last(*settings):
        job = build(load_preset("quickstart", [*small, *settings]), cpu)
        with job.steps({}) as step:
            *_, frame = render_frames(job.start, step, count=4)
        return odds(job.start.image), odds(frame.image)

    begun, towards = last()
    layers = [*CHANNELS["lite0"]]
    _, plain = last("dream.direction=none", f"dream.layers={layers}")
    assert towards > begun + 3
    assert towards > plain + 3
