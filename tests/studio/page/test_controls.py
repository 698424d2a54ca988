"""Controls, the camera's centre, the gallery and saving, in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from dreamvid.studio.protocol import Lane
from tests.support.studio_page import FakeServer, browser, open_page


@pytest.fixture(scope="module")
def page() -> Iterator[FakeServer]:
    with browser() as chromium:
        yield open_page(chromium)


@pytest.fixture
def server(page: FakeServer) -> Iterator[FakeServer]:
    page.page.goto(page.page.url.partition("#")[0] + "#")
    page.reset()
    yield page
    assert page.errors == []


def row(server: FakeServer, key: str) -> Locator:
    return server.page.locator(f'dream-control[data-key="{key}"]')


def test_simple_controls_are_shown_and_those_in_use(server: FakeServer) -> None:
    assert row(server, "motion.zoom").is_visible()
    assert row(server, "motion.rotate").is_hidden()
    server.tell(changed=["motion.rotate"])
    assert row(server, "motion.rotate").is_visible()
    server.tell(changed=[])
    assert row(server, "motion.rotate").is_hidden()


def test_a_drag_sends_at_most_thirty_values_a_second_and_the_last(server: FakeServer) -> None:
    slider = row(server, "motion.zoom").locator("input[type=range]")
    slider.evaluate(
        """async (slider) => {
            for (let step = 0; step <= 100; step++) {
                slider.value = 1 + step / 100;
                slider.dispatchEvent(new Event("input"));
                await new Promise((done) => setTimeout(done, 5));
            }
        }"""
    )
    server.page.wait_for_timeout(100)
    values = [message["value"] for message in server.taken("set")]
    assert values[-1] == 2
    assert 3 < len(values) < 40


def test_a_refusal_stands_beside_its_control_until_escape(server: FakeServer) -> None:
    box = row(server, "motion.zoom").locator(".box")
    box.fill("1 +")
    box.press("Enter")
    assert server.taken() == [{"type": "set", "key": "motion.zoom", "value": "1 +"}]
    server.refuse("motion.zoom", "motion.zoom: a value is missing")
    told = row(server, "motion.zoom").locator("p.trouble")
    assert told.inner_text() == "motion.zoom: a value is missing"
    assert server.page.locator("dream-notices .messages p").count() == 0
    assert box.input_value() == "1 +"
    box.press("Escape")
    assert told.is_hidden()
    assert box.input_value() == "1.5"


def test_a_refusal_of_a_hidden_setting_leads_to_it(server: FakeServer) -> None:
    server.refuse("start.kind", "start.kind: no")
    server.page.get_by_role("button", name="Show", exact=True).click()
    assert row(server, "start.kind").locator("p.trouble").inner_text() == "start.kind: no"


def test_a_setting_that_moves_shows_its_value_at_the_frame(server: FakeServer) -> None:
    lane = Lane(key="motion.zoom", keyframes=None, expression="1 + t", samples=[0.0, 1.19])
    server.tell(lanes=[lane], frame=60)  # of 0 to 119
    assert float(row(server, "motion.zoom").locator(".box").input_value()) == pytest.approx(0.6)
    assert row(server, "motion.zoom").locator(".expression").input_value() == "1 + t"


def test_escape_takes_a_drag_of_the_centre_back(server: FakeServer) -> None:
    server.show(40)
    server.tell(values=server.state.values | {"motion.centre": [0.5, 0.5]})
    box = server.page.locator("dream-target").bounding_box()
    assert box
    server.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] * 3 / 4)
    server.page.mouse.down()
    server.page.wait_for_timeout(60)
    (placed,) = server.taken("set")
    assert placed["value"] == pytest.approx([0.25, 0.75], abs=0.002)
    server.page.keyboard.press("Escape")
    assert server.taken("set") == [{"type": "set", "key": "motion.centre", "value": [0.5, 0.5]}]
    server.page.mouse.up()


def test_enter_opens_the_preset_whose_name_was_searched_for(server: FakeServer) -> None:
    server.page.keyboard.press("g")
    server.page.get_by_label("Search presets").fill("mine")
    server.page.keyboard.press("Enter")
    opened = {"type": "open", "name": "quickstart-2", "values": {}}
    assert server.taken() == [opened, {"type": "play"}]
    assert server.page.url.endswith("#")


def test_a_preset_without_its_model_is_not_opened(server: FakeServer) -> None:
    server.page.keyboard.press("g")
    server.page.get_by_label("Search presets").fill("windows roses")
    assert server.page.locator(".card.absent code").inner_text() == "dreamvid models get big"
    server.page.keyboard.press("Enter")
    assert server.taken() == []


def test_saving_proposes_a_free_name_and_replaces_only_when_told(server: FakeServer) -> None:
    server.page.keyboard.press("s")
    name = server.page.locator("dream-save input")
    server.page.wait_for_timeout(100)
    assert name.input_value() == "quickstart-3"
    name.press("Enter")
    assert server.taken("save") == [{"type": "save", "name": "quickstart-3", "overwrite": False}]
    server.refuse("name", "name: no")
    assert server.page.locator("dream-save [role=status]").inner_text() == "name: no"
    name.fill("quickstart-2")
    server.page.get_by_role("button", name="Replace").click()
    assert server.taken("save") == [{"type": "save", "name": "quickstart-2", "overwrite": True}]
    server.tell(saved=True)
    assert server.page.locator("dream-save dialog").is_hidden()
