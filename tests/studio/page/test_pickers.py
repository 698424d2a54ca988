"""The page's panel in which what is dreamed is picked, in a browser."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route

from tests.support.studio_page import FakeServer, browser, open_page

VALUES: dict[str, Any] = {
    "model": "lite0",
    "seed": 1,
    "dream.direction": "city",
    "dream.layers": [],
    "dream.classes": [],
    "dream.words": [],
    "dream.guide": [],
    "dream.objective": "direction",
    "dream.mask": None,
    "dream.tour": 0,
    "start.kind": "dusk",
    "start.path": None,
}
LAYER = {"block": "", "channels": 3, "shows": "textures", "worth": True, "same": False}
LISTS: dict[str, Any] = {
    "directions": {
        "directions": [
            {"name": name, "model": "lite0", "shipped": name != "mine", "stamp": 1, "made": "me"}
            for name in ("city", "sea", "mine")
        ],
        "left_out": [],
    },
    "layers": {
        "labels": True,
        "words": False,
        "layers": [LAYER | {"name": name, "usual": name == "b"} for name in ("a", "b")],
    },
    "channels": {"layer": "a", "channels": [2, 0, 1]},
    "labels": {"labels": [], "more": 0},
}
LABEL = {"name": "bird", "kind": "noun", "of": "", "also": [], "classes": 59, "labels": ["cock"]}


class Api:
    """The lists and uploads that the page asks for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        self.drawn = 0

    def serve(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        name = address.path.removeprefix("/api/")
        posted = (route.request.post_data or "") if name == "atlas" else ""
        query = parse_qs(address.query)
        self.asked.append((name, query, posted))
        if name == "atlas":
            cells = json.loads(posted)["cells"]
            self.drawn += json.loads(posted).get("draw", False)
            picture = "starts/sky.jpg" if self.drawn else None
            answer = {"pictures": [picture for _ in cells], "waiting": 0, "trouble": None}
            route.fulfill(json=answer)
        elif name == "uploads" and query["name"] == ["bad.jpg"]:
            route.fulfill(status=413, json={"message": "bad.jpg: too large: at most 64 MB"})
        elif name == "uploads":
            route.fulfill(json={"path": f"/studio/uploads/012345678901-{query['name'][0]}"})
        elif name == "labels":
            found = [LABEL] if query.get("q") == ["bird"] else []
            route.fulfill(json={"labels": found, "more": 0})
        else:
            route.fulfill(json=LISTS[name])


@pytest.fixture(scope="module")
def page() -> Iterator[FakeServer]:
    with browser() as chromium:
        server = open_page(chromium)
        server.tell(values=VALUES)
        yield server


@pytest.fixture
def api(page: FakeServer) -> Iterator[Api]:
    api = Api()
    page.page.route("**/api/**", api.serve)
    yield api
    page.page.unroute("**/api/**", api.serve)


@pytest.fixture
def server(page: FakeServer, api: Api) -> Iterator[FakeServer]:
    page.page.evaluate("location.hash = 'pick'")
    page.reset(values=VALUES)
    yield page
    assert page.errors == []


def choose(server: FakeServer, tab: str) -> None:
    server.page.click(f"#tab-{tab}")
    server.settle()


def card(server: FakeServer, tab: str, name: str) -> Any:
    cards = server.page.locator(f"pick-{tab} .card")
    return cards.filter(has=server.page.get_by_text(name, exact=True)).first


def chips(server: FakeServer) -> list[str]:
    return server.page.locator("pick-chips li .name").all_inner_texts()


def sent(server: FakeServer) -> list[dict[str, Any]]:
    """Wait for a message, after an upload."""
    for _ in range(200):
        if messages := server.taken():
            return messages
        server.page.wait_for_timeout(50)
    return []


def change(server: FakeServer, **values: Any) -> None:
    server.tell(values=VALUES | {key.replace("_", ".", 1): value for key, value in values.items()})


def test_a_picture_dreams_it_alone_and_a_plus_adds_it(server: FakeServer) -> None:
    choose(server, "directions")
    assert chips(server) == ["direction\ncity"]
    card(server, "directions", "sea").locator(".face").click()
    alone = [{"name": "sea"}]
    assert server.taken() == [{"type": "set", "key": "dream.direction", "value": alone}]
    card(server, "directions", "mine").locator(".plus").click()
    mixed = [{"name": "city"}, {"name": "mine"}]
    assert server.taken() == [{"type": "set", "key": "dream.direction", "value": mixed}]


def test_what_is_dreamed_is_marked(server: FakeServer) -> None:
    choose(server, "directions")
    face = card(server, "directions", "city").locator(".face")
    assert face.get_attribute("aria-pressed") == "true"
    change(server, dream_direction=[{"name": "city", "weight": 1}, {"name": "sea", "weight": 0.4}])
    assert face.get_attribute("aria-pressed") == "false"
    plus = card(server, "directions", "sea").locator(".plus")
    assert plus.get_attribute("aria-label") == "Remove sea"
    assert server.page.inner_text("pick-chips p").startswith("2 directions, mixed by weight")


def test_weights_are_set_by_their_own_keys(server: FakeServer) -> None:
    change(server, dream_direction=[{"name": "city", "weight": 1}, {"name": "sea", "weight": 0.4}])
    box = server.page.get_by_label("Weight of sea, exactly")
    assert box.input_value() == "0.4"
    box.fill("0,7")
    box.press("Enter")
    assert server.taken()[-1] == {"type": "set", "key": "dream.direction[1].weight", "value": 0.7}
    server.page.get_by_label("Remove direction city").click()
    left = [{"name": "sea", "weight": 0.4}]
    assert server.taken() == [{"type": "set", "key": "dream.direction", "value": left}]


def test_layers_replace_a_direction_and_a_tour_needs_two(server: FakeServer) -> None:
    choose(server, "layers")
    card(server, "layers", "a").locator(".face").click()
    assert server.taken() == [{"type": "set", "key": "dream.layers", "value": [{"name": "a"}]}]
    layers = [{"name": name, "weight": 1, "channels": [], "count": 10} for name in "ab"]
    change(server, dream_direction=None, dream_layers=layers, dream_tour=2)
    card(server, "layers", "a").locator(".plus").click()
    values = {"dream.tour": 0, "dream.layers": [{"name": "b"}]}
    assert server.taken() == [{"type": "set_all", "values": values}]


def test_channels_of_a_layer_are_gathered(server: FakeServer) -> None:
    choose(server, "layers")
    server.page.get_by_label("Channels of a", exact=True).click()
    card(server, "layers", "2").locator(".face").click()
    entry = {"name": "a", "objective": "channel", "channels": [2]}
    assert server.taken() == [{"type": "set", "key": "dream.layers", "value": [entry]}]
    change(server, dream_direction=None, dream_layers=[entry])
    card(server, "layers", "0").locator(".plus").click()
    both = entry | {"channels": [2, 0]}
    assert server.taken() == [{"type": "set", "key": "dream.layers", "value": [both]}]
    server.page.get_by_role("button", name="All layers").click()


def test_a_label_alone_lets_go_of_the_direction(server: FakeServer) -> None:
    choose(server, "labels")
    server.page.fill("pick-labels input", "bird")
    card(server, "labels", "bird").locator(".plus").click()
    entry = [{"label": "bird"}]
    assert server.taken() == [{"type": "set", "key": "dream.classes", "value": entry}]
    card(server, "labels", "bird").locator(".face").click()
    values = {"dream.classes": entry, "dream.direction": []}
    assert server.taken() == [{"type": "set_all", "values": values}]


def test_pictures_are_drawn_when_asked_for(server: FakeServer, api: Api) -> None:
    choose(server, "directions")
    server.settle()
    assert api.drawn == 0 and server.page.locator("pick-directions img").count() == 2
    server.page.click("pick-directions .draw button")
    card(server, "directions", "mine").locator("img").wait_for()
    asked = json.loads(next(body for name, _, body in reversed(api.asked) if name == "atlas"))
    assert (asked["model"], asked["draw"]) == ("lite0", True)
    assert asked["cells"] == [{"kind": "direction", "name": "mine", "stamp": 1}]


def test_a_start_is_chosen_and_the_seed_thrown(server: FakeServer) -> None:
    choose(server, "start")
    server.page.click("[data-kind=sea]")
    assert server.taken() == [{"type": "set", "key": "start.kind", "value": "sea"}]
    server.page.click("pick-start [aria-label='Another seed']")
    (seed,) = server.taken()
    assert seed["key"] == "seed" and 0 <= seed["value"] < 100_000


def drop(server: FakeServer, target: str, *names: str) -> None:
    server.page.evaluate(
        """([target, names]) => {
            const dataTransfer = new DataTransfer();
            for (const name of names) dataTransfer.items.add(new File(["x"], name));
            const on = document.querySelector(target);
            for (const type of ["dragenter", "dragover", "drop"]) {
                const fields = { bubbles: true, cancelable: true, dataTransfer };
                on.dispatchEvent(new DragEvent(type, fields));
            }
        }""",
        [target, names],
    )
    server.settle()


def uses(server: FakeServer) -> list[str]:
    return server.page.locator("dream-drop .use strong").all_inner_texts()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.jpg", ["Begin with it", "Use as a guide", "Use as the mask"]),
        ("a.PNG", ["Begin with it", "Use as a guide", "Use as the mask", "Open its settings"]),
        ("a.mp4", ["Dream on it", "Open its settings"]),
        ("a.gif", ["Dream on it", "Open its settings"]),
        ("a.wav", ["Use as the sound"]),
        ("a.exe", []),
    ],
)
def test_a_dropped_file_can_be_used_as_what_it_is(
    server: FakeServer, name: str, words: list[str]
) -> None:
    drop(server, "dream-stage", name)
    assert uses(server) == words
    if not words:
        assert server.page.inner_text("dream-drop .trouble").startswith(name)
    server.page.keyboard.press("Escape")


def test_dropped_pictures_become_guides(server: FakeServer, api: Api) -> None:
    drop(server, "dream-stage", "one.jpg")
    server.page.click("dream-drop .use:has-text('guide')")
    server.page.wait_for_selector("dream-drop dialog", state="hidden")
    path = "/studio/uploads/012345678901-one.jpg"
    values = {"dream.objective": "guide", "dream.guide": [{"path": path}]}
    assert server.taken() == [{"type": "set_all", "values": values}]
    assert api.asked[-1][1]["kind"] == ["guide"]


def test_a_file_that_is_refused_says_why(server: FakeServer) -> None:
    drop(server, "dream-stage", "bad.jpg")
    server.page.click("dream-drop .use:has-text('Begin')")
    said = server.page.locator("dream-drop .trouble")
    said.wait_for()
    assert said.inner_text() == "bad.jpg: too large: at most 64 MB"
    server.page.keyboard.press("Escape")
    assert server.taken() == []


def test_a_picture_after_a_clip_lets_go_of_the_clip(server: FakeServer) -> None:
    change(server, start_kind="video", start_path="/studio/uploads/012345678901-clip.mp4")
    choose(server, "start")
    drop(server, "pick-start pick-file", "one.jpg")
    path = "/studio/uploads/012345678901-one.jpg"
    values = {"flow": {}, "video.seconds": 10, "start.kind": "noise", "start.path": path}
    assert sent(server) == [{"type": "set_all", "values": values}]


def test_a_clip_lets_go_of_the_camera(server: FakeServer) -> None:
    drop(server, "dream-stage", "clip.mp4")
    server.page.click("dream-drop .use:has-text('Dream on it')")
    server.page.wait_for_selector("dream-drop dialog", state="hidden")
    path = "/studio/uploads/012345678901-clip.mp4"
    values = {"motion": {}, "loop": {}, "start.path": path}
    assert sent(server) == [{"type": "set_all", "values": values}]


def test_a_mask_is_painted_on_the_picture(server: FakeServer, api: Api) -> None:
    server.show(40)
    choose(server, "mask")
    server.page.click("[data-mask=centre]")
    assert server.taken() == [{"type": "set", "key": "dream.mask", "value": "centre"}]
    server.page.click("pick-painting > button")
    box = server.page.locator("mask-paint").bounding_box()
    assert box
    server.page.mouse.move(box["x"] + 100, box["y"] + 100)
    server.page.mouse.down()
    server.page.mouse.move(box["x"] + 200, box["y"] + 100, steps=3)
    server.page.mouse.up()
    value = {"path": "/studio/uploads/012345678901-painted.png"}
    assert sent(server) == [{"type": "set", "key": "dream.mask", "value": value}]
    server.page.click("pick-painting button:text('Clear')")
    assert sent(server) == [{"type": "set", "key": "dream.mask", "value": "none"}]
    server.page.focus("mask-paint canvas")
    server.page.keyboard.press("Space")  # paints, and plays nothing
    assert sent(server) == [{"type": "set", "key": "dream.mask", "value": value}]
    server.page.click("pick-painting .primary")
    assert server.page.locator("mask-paint").count() == 0


def test_tabs_are_chosen_by_arrow_keys(server: FakeServer) -> None:
    choose(server, "directions")
    server.page.focus("#tab-directions")
    for key, tab in (("ArrowRight", "layers"), ("End", "mask"), ("ArrowRight", "directions")):
        server.page.keyboard.press(key)
        assert server.page.evaluate("document.activeElement.id") == f"tab-{tab}"
        assert server.page.locator(f"#pick-{tab}").is_visible()
    assert server.taken() == []


def test_what_is_refused_is_told_in_the_panel(server: FakeServer) -> None:
    assert server.socket
    message = {"type": "refused", "key": "dream.direction", "message": "dream.direction: no"}
    server.socket.send(json.dumps(message))
    said = server.page.locator("pick-chips .trouble")
    said.wait_for()
    assert said.inner_text() == "dream.direction: no"


def test_nothing_is_cut_off_on_a_phone(server: FakeServer) -> None:
    server.page.set_viewport_size({"width": 390, "height": 844})
    try:
        for tab in ("directions", "layers", "labels", "guides", "start", "mask"):
            choose(server, tab)
            wide = server.page.evaluate(
                f"[document.documentElement, document.querySelector('#pick-{tab}')]"
                ".map(one => one.scrollWidth - one.clientWidth)"
            )
            assert wide == [0, 0], tab
    finally:
        server.page.set_viewport_size({"width": 1440, "height": 900})
