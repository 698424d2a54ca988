"""Lists of what can be dreamed, and pictures of it, as the page gets them."""

import json
from typing import get_args

import pytest

from dreamvid.errors import DreamvidError
from dreamvid.models.directions.library import SHIPPED
from dreamvid.models.labels import imagenet
from dreamvid.preset.start import Scene
from dreamvid.studio.choices.helper import Helper
from dreamvid.studio.choices.requests import Cell
from dreamvid.studio.server import choices
from dreamvid.studio.server.page import PAGE
from tests.support.studio import studio, wait_for


class Lists(Helper):
    """Stands in for the process: keeps what it was asked."""

    def __init__(self, folder):
        super().__init__("cpu", folder)
        self.asked, self.drawing, self.stopped = [], [], False

    async def list(self, what, model, text=""):
        self.asked.append((what, model, text))
        if model == "nothing":
            raise DreamvidError("model: there is no 'nothing'")
        return {"model": model}

    def draw(self, cells):
        self.drawing += cells
        self.waiting |= dict.fromkeys(cell.picture for cell in cells)

    def stop(self):
        self.stopped = True

    def close(self):
        pass


@pytest.fixture
def lists(tmp_path):
    return Lists(tmp_path / "atlas")


@pytest.fixture
def here(tmp_path, lists, monkeypatch):
    monkeypatch.setattr(choices, "Helper", lambda device, folder: lists)
    with studio(tmp_path) as running:
        yield running


def get(here, address):
    reply = here.client.get(address)
    return reply.status_code, reply.json()


def post(here, body):
    text = body if isinstance(body, str) else json.dumps(body)
    reply = here.client.post("/api/atlas", content=text)
    return reply.status_code, reply.json()


def test_labels_groups_and_nouns_are_found(here):
    status, found = get(here, "/api/labels?q=bird")
    first = found["labels"][0]
    assert (status, first["name"], first["kind"], first["classes"]) == (200, "bird", "noun", 59)
    assert first["labels"][0] in imagenet() and len(first["labels"]) == 6
    names = [one["name"] for one in get(here, "/api/labels?q=cheeseb")[1]["labels"]]
    assert "cheeseburger" in names


def test_without_a_text_some_labels_are_listed_to_begin_with(here):
    names = [one["name"] for one in get(here, "/api/labels")[1]["labels"]]
    assert {"city", "food", "dog", "bridge"} <= {*names}


def test_a_text_that_nothing_is_like_finds_nothing(here):
    assert get(here, "/api/labels?q=qzxqzx")[1] == {"labels": [], "more": 0}


@pytest.mark.parametrize("what", ["layers", "directions", "words"])
def test_lists_are_of_the_model_that_is_asked_for(what, here, lists):
    assert get(here, f"/api/{what}?model=lite0") == (200, {"model": "lite0"})
    assert lists.asked == [(what, "lite0", "")]


def test_channels_are_of_a_layer(here, lists):
    assert get(here, "/api/channels?model=lite0&layer=block_9/expand")[0] == 200
    assert lists.asked == [("channels", "lite0", "block_9/expand")]
    assert get(here, "/api/channels?model=lite0") == (400, {"message": "layer: is missing"})


def test_what_cannot_be_listed_is_told_in_one_line(here):
    assert get(here, "/api/layers") == (400, {"message": "model: is missing"})
    status, said = get(here, "/api/layers?model=nothing")
    assert (status, said["message"]) == (400, "model: there is no 'nothing'")
    status, said = get(here, f"/api/layers?model={'a' * 121}")
    assert status == 400 and said["message"] == "model: is too long; at most 120 characters"


CELLS = [
    {"kind": "layer", "name": "stem"},
    {"kind": "channel", "name": "stem", "channel": 3},
    {"kind": "label", "name": "carpenter's kit"},
]


def test_pictures_are_drawn_only_when_asked_for(here, lists):
    nothing = {"pictures": [None] * 3, "waiting": 0, "trouble": None}
    assert post(here, {"model": "lite0", "cells": CELLS}) == (200, nothing)
    assert lists.drawing == []
    status, said = post(here, {"model": "lite0", "cells": CELLS, "draw": True})
    assert (status, said["waiting"]) == (200, 3)
    assert lists.drawing[1] == Cell("lite0", "channel", "stem", 3)


def test_a_picture_that_is_drawn_has_an_address(here, lists):
    cell = Cell("lite0", "layer", "stem")
    lists.folder.mkdir()
    (lists.folder / cell.picture).write_bytes(b"\xff\xd8jpeg")
    address = post(here, {"model": "lite0", "cells": CELLS})[1]["pictures"][0]
    reply = here.client.get(f"/{address}")
    assert (reply.content, reply.headers["content-type"]) == (b"\xff\xd8jpeg", "image/jpeg")


def test_why_a_picture_was_not_drawn_is_told(here, lists):
    lists.troubles[Cell("lite0", "layer", "stem").picture] = "stem: too small"
    assert post(here, {"model": "lite0", "cells": CELLS})[1]["trouble"] == "stem: too small"


def test_drawing_is_stopped(here, lists):
    post(here, {"model": "lite0", "cells": CELLS, "stop": True})
    assert lists.stopped and lists.drawing == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("garbage", "Invalid JSON"),
        ({"model": "lite0"}, "cells"),
        ({"model": "lite0", "cells": CELLS * 70}, "at most 200"),
        ({"model": "lite0", "cells": [{"kind": "file", "name": "a"}]}, "cells.0.kind"),
        (
            {"model": "lite0", "cells": [{"kind": "direction", "name": "/etc/passwd"}]},
            "not its file",
        ),
        ({"model": "lite0", "cells": [{"kind": "direction", "name": "a.safetensors"}]}, "its file"),
        ("[" * 60_001, "too large"),
    ],
)
def test_a_bad_request_for_pictures_is_refused_in_one_line(body, message, here, lists):
    status, said = post(here, body)
    assert status in (400, 413) and message in said["message"] and "\n" not in said["message"]
    assert lists.drawing == []


@pytest.mark.parametrize(
    "address",
    [
        "/atlas/../session.json",
        "/atlas/..%2fsession.json",
        "/atlas/secret.jpg",
        "/atlas/" + "0" * 24 + ".jpg",
        "/uploads/..%2fsession.json",
        "/uploads/link.png",
        "/uploads/notes.txt",
        "/uploads/none.png",
    ],
)
def test_no_other_files_are_sent(address, here, tmp_path):
    (tmp_path / "session.json").write_text("secret")
    (tmp_path / "atlas").mkdir()
    (tmp_path / "atlas" / "secret.jpg").write_text("secret")
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "notes.txt").write_text("secret")
    (tmp_path / "uploads" / "link.png").symlink_to(tmp_path / "session.json")
    reply = here.client.get(address)
    assert reply.status_code == 404 and b"secret" not in reply.content


def test_an_uploaded_picture_is_shown(here, tmp_path):
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "guide.png").write_bytes(b"png")
    assert here.client.get("/uploads/guide.png").content == b"png"


def test_every_start_has_a_small_picture():
    pictures = {path.stem: path.stat().st_size for path in (PAGE / "starts").glob("*.jpg")}
    assert {*pictures} == {"noise", *get_args(Scene)}
    assert sum(pictures.values()) < 60_000


def test_every_shipped_direction_has_a_small_picture():
    directions = {f"{path.parent.name}/{path.stem}" for path in SHIPPED.glob("*/*.safetensors")}
    pictures = [*(PAGE / "directions").glob("*/*.jpg")]
    assert {f"{path.parent.name}/{path.stem}" for path in pictures} == directions
    assert sum(path.stat().st_size for path in pictures) < 100_000


def test_starts_are_listed_on_the_page_as_in_the_presets():
    module = (PAGE / "elements" / "pick" / "start.js").read_text("utf-8")
    assert all(f'"{kind}"' in module for kind in ("noise", *get_args(Scene)))


def test_several_settings_are_one_change(here):
    with here.window() as window:
        before = wait_for(window, "state")["values"]
        values = {"dream.classes": ["bird"], "dream.direction": []}
        window.send_json({"type": "set_all", "values": values})
        after = wait_for(window, "state")["values"]
        assert before["dream.direction"] == "city" and after["dream.direction"] is None
        assert [one["label"] for one in after["dream.classes"]] == ["bird"]
        window.send_json({"type": "undo"})
        assert wait_for(window, "state")["values"] == before


def test_a_film_that_grows_becomes_one_on_footage_and_back(here, tmp_path):
    """As the page asks for it."""
    clip = tmp_path / "uploads" / "clip.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"clip")
    with here.window() as window:
        before = wait_for(window, "state")["values"]
        values = {"motion": {}, "loop": {}, "start.path": str(clip)}
        window.send_json({"type": "set_all", "values": values})
        state = wait_for(window, "state")["values"]
        assert (state["start.kind"], state["start.path"]) == ("video", str(clip))
        values = {"flow": {}, "start.kind": "noise", "start.path": str(clip.with_suffix(".png"))}
        window.send_json({"type": "set_all", "values": values})
        assert wait_for(window, "state")["values"]["start.kind"] == "image"
        window.send_json({"type": "set_all", "values": {"start.kind": "dusk"}})
        after = wait_for(window, "state")["values"]
        assert (after["start.kind"], after["start.path"]) == ("dusk", None)
        assert before["motion.zoom"] != after["motion.zoom"] == 1
