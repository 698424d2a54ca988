"""The process that lists what a model dreams, and draws it."""

import asyncio
import multiprocessing
import os
import threading
import time

import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.errors import DreamvidError
from dreamvid.explore.atlas import plan
from dreamvid.film.job import still
from dreamvid.models.directions.direction import Direction, write_direction
from dreamvid.models.features import FeatureModel
from dreamvid.models.head import Head
from dreamvid.models.weights import store
from dreamvid.models.words import WordSpace
from dreamvid.studio.choices import process
from dreamvid.studio.choices.helper import Helper
from dreamvid.studio.choices.lists import channels, directions, layers, words
from dreamvid.studio.choices.requests import Cell
from tests.support.tiny_network import PIXELS, Tiny

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pictures of one gradient step."""
    monkeypatch.setattr(os, "nice", lambda by: by)  # pytest itself
    monkeypatch.setattr(process, "QUICK", ("dream.octaves=1", "dream.steps=1"))


@pytest.fixture(scope="module")
def lite0():
    return store.load("lite0", CPU)


def test_layers_are_listed_from_the_input_up(lite0):
    listed = layers(lite0, "")
    assert [one["name"] for one in listed["layers"]] == [*lite0.layers]
    assert [one["name"] for one in listed["layers"] if one["usual"]] == [*lite0.usual_layers]
    counts = {one["name"]: one["channels"] for one in listed["layers"]}
    # Lite0's own table: a stem of 32, 320 after the last block, 1280 in the head.
    assert (counts["stem"], counts["block_15/output"], counts["head"]) == (32, 320, 1280)
    assert listed["labels"] and not listed["words"]
    worth = {one["name"] for one in listed["layers"] if one["worth"]}
    assert "block_9/expand" in worth and "classes" not in worth
    assert listed["layers"][0]["shows"] == "edges and colours"
    assert listed["layers"][-1]["shows"] == "whole things"


def test_channels_are_those_of_the_layer(lite0):
    listed = channels(lite0, "block_2/expand")
    with torch.no_grad():
        count = lite0(torch.zeros(1, 3, 64, 64), ["block_2/expand"])["block_2/expand"].shape[1]
    assert sorted(listed["channels"]) == list(range(count))
    with pytest.raises(DreamvidError, match="no layer block_99"):
        channels(lite0, "block_99")


def test_the_users_directions_are_listed_and_damaged_ones_named(lite0, models_home):
    folder = models_home / "directions" / "lite0"
    folder.mkdir(parents=True)
    weights = {"block_9/expand": torch.ones(480)}
    made = Direction(weights, {"block_9/expand": 0.5}, "lite0", "", "photos", "my own")
    write_direction(folder / "town.safetensors", made)
    (folder / "broken.safetensors").write_bytes(b"nothing")
    listed = directions(lite0, "")
    mine = {one["name"]: one for one in listed["directions"]}["town"]
    assert not mine["shipped"] and mine["made"] == "photos" and mine["credits"] == "my own"
    assert mine["layers"] == {"block_9/expand": 0.5}
    assert "city" in [one["name"] for one in listed["directions"] if one["shipped"]]
    assert len(listed["left_out"]) == 1 and "broken" in listed["left_out"][0]


def test_a_model_without_words_lists_none(lite0):
    assert words(lite0, "") == {"words": [], "more": 0}


def test_words_of_a_city_model_are_listed_and_searched():
    captions = {"sea": 5, "seaside": 2, "gaudi": 9}
    head = Head("head", torch.ones(3, 20), torch.zeros(3))
    space = WordSpace((*captions,), torch.eye(3), head, captions)
    city = FeatureModel("town", Tiny(), PIXELS, CPU, words=space)
    assert [one["name"] for one in words(city, "")["words"]] == ["gaudi", "sea", "seaside"]
    assert words(city, "sea")["words"][0] == {"name": "sea", "captions": 5}


def test_a_picture_is_the_one_of_the_atlas(lite0):
    layer = "block_9/expand"
    dreamed = process.draw_cell(Cell("lite0", "layer", layer), CPU, side=32)
    given = {"layers": [layer], "channels": None, "photo": None, "side": 32}
    sheet = plan(lite0, CPU, settings=process.QUICK, **given)
    (cell,) = sheet.cells
    assert torch.equal(dreamed, still(sheet.start, cell.preset, CPU))


@pytest.mark.parametrize(
    ("kind", "name", "channel"),
    [
        ("layer", "block_9/expand", 0),
        ("channel", "block_9/expand", 7),
        ("direction", "city", 0),
        ("label", "carpenter's kit", 0),
        ("label", "bird", 0),
    ],
)
def test_everything_that_can_be_picked_can_be_drawn(kind, name, channel):
    base = process.draw_cell(Cell("lite0", "layer", "block_2/expand"), CPU, side=32)
    dreamed = process.draw_cell(Cell("lite0", kind, name, channel), CPU, side=32)
    assert dreamed.shape == (1, 3, 32, 32) and not torch.equal(dreamed, base)


def test_names_of_pictures_tell_cells_apart():
    cells = [Cell("lite0", "layer", "a"), Cell("lite0", "label", "a"), Cell("lite2", "layer", "a")]
    cells += [Cell("lite0", "channel", "a", 1), Cell("lite0", "direction", "a", 0, 5)]
    assert len({cell.picture for cell in cells}) == len(cells)


async def drawn(helper, cells):
    for _ in range(600):
        if not helper.waiting:
            return [helper.drawn(cell.picture) for cell in cells]
        await asyncio.sleep(0.05)
    raise TimeoutError


@pytest.fixture
def started():
    """Threads that stand in for processes."""
    return []


@pytest.fixture
def helper(tmp_path, monkeypatch, started):
    """A helper whose process is a thread, and draws small."""
    draw = process.draw_cell
    monkeypatch.setattr(process, "draw_cell", lambda *given: draw(*given, side=32))

    def start(pipe, device):
        loop = process.Process(pipe, torch.device(device))

        def run():
            with pipe:
                loop.run()

        started.append(threading.Thread(target=run, daemon=True))
        started[-1].start()

    helper = Helper("cpu", tmp_path / "atlas", start=start)
    yield helper
    helper.close()
    for thread in started:
        thread.join(10)


def test_pictures_are_drawn_beside_lists(helper, monkeypatch):
    niceness = []
    cells = [Cell("lite0", "layer", f"block_{n}/expand") for n in (2, 3)]
    wrong = Cell("lite0", "layer", "block_99")

    async def run():
        monkeypatch.setattr(os, "nice", niceness.append)
        helper.draw([*cells, wrong])
        assert len(helper.waiting) == 3
        listed = await helper.list("channels", "lite0", "block_2/expand")
        assert len(listed["channels"]) == 144  # six times 24
        return await drawn(helper, [*cells, wrong])

    assert asyncio.run(run()) == [True, True, False]
    assert niceness == [process.POLITE]
    assert "no layer block_99" in helper.troubles[wrong.picture]
    with PilImage.open(helper.folder / cells[0].picture) as picture:
        assert picture.size == (32, 32) and np.asarray(picture).std() > 5


def test_stopping_draws_no_more(helper):
    cells = [Cell("lite0", "layer", f"block_{n}/expand") for n in range(2, 16)]

    async def run():
        helper.draw(cells)
        helper.stop()
        await helper.list("layers", "lite0")
        await asyncio.sleep(0.5)

    asyncio.run(run())
    assert helper.waiting == {}
    assert sum(helper.drawn(cell.picture) for cell in cells) <= 1


def test_a_model_that_is_not_here_is_refused_with_the_cure(helper):
    with pytest.raises(DreamvidError, match="models get googlenet"):
        asyncio.run(helper.list("layers", "googlenet"))


def test_a_process_that_ended_is_started_again(helper, started, monkeypatch):
    monkeypatch.setattr(process, "IDLE", 0.05)

    async def run():
        await helper.list("layers", "lite0")
        started[0].join(10)  # idle: it ends
        await helper.list("words", "lite0")
        assert len(started) == 2

    asyncio.run(run())


def test_pictures_that_wait_for_a_killed_process_are_given_up(helper, tmp_path):
    def start(pipe, device):
        threading.Thread(target=lambda: (pipe.recv(), pipe.close()), daemon=True).start()

    helper._start = start

    async def run():
        helper.draw([Cell("lite0", "layer", "block_2/expand")])
        for _ in range(100):
            if not helper.waiting:
                return
            await asyncio.sleep(0.02)

    asyncio.run(run())
    assert helper.waiting == {} and "has ended" in next(iter(helper.troubles.values()))


def test_the_oldest_pictures_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "KEPT", 2)
    now = time.time()
    for age in range(4):
        path = tmp_path / f"{age}.jpg"
        path.write_bytes(b"")
        os.utime(path, (now - age, now - age))
    process._prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.jpg", "1.jpg"]


@pytest.mark.slow  # a process of its own imports torch
def test_the_real_process_answers_and_ends(tmp_path):
    helper = Helper("cpu", tmp_path / "atlas")

    async def run():
        listed = await helper.list("layers", "lite0")
        helper.close()
        return listed

    assert len(asyncio.run(run())["layers"]) == 51
    deadline = time.monotonic() + 20
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert multiprocessing.active_children() == []
