"""The directions that come with dreamvid."""

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
    assert found.made.startswith(f"labels {one.name}, seed ")
    assert one.path.stat().st_size < 20_000
    sums = [float(weights.sum()) for weights in found.weights.values()]
    assert sums == pytest.approx([1, 1, 1], abs=0.01)


@pytest.mark.parametrize("model", CHANNELS)
def test_there_is_a_city_for_each(model):
    assert ("city", model) in {(one.name, one.model) for one in SHIPPED}


@pytest.mark.parametrize("name", names())
def test_every_direction_of_a_preset_is_shipped_for_its_model(name):
    preset = load_preset(name)
    if preset.dream.direction:
        assert shelf.find(preset.dream.direction, preset.model).parent.parent == shelf.SHIPPED


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
