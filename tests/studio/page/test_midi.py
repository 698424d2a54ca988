"""MIDI learn in a browser whose MIDI the test plays."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.studio_page import FakeServer, browser, open_page

DEVICE = """
    const input = { name: "knobs", state: "connected", onmidimessage: null };
    navigator.requestMIDIAccess = async () => ({ inputs: new Map([["1", input]]) });
    window.midi = (...messages) => {
        for (const data of messages) input.onmidimessage({ data: new Uint8Array(data) });
    };
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def page(chromium: Browser) -> FakeServer:
    return open_page(chromium, DEVICE)


@pytest.fixture
def server(page: FakeServer) -> Iterator[FakeServer]:
    """The page with nothing learned."""
    page.reset()
    page.page.evaluate(
        """import("./midi.js").then(({ midi }) => {
            for (const { source } of midi.mappings.knobs ?? []) midi.remove("knobs", source);
        })"""
    )
    page.page.goto("http://localhost:1/#all")
    yield page
    assert page.errors == []


def learn(server: FakeServer, selector: str, *messages: list[int]) -> str:
    """Learn what moves an element, and end learning; gives the panel's line."""
    if not server.page.locator("dream-midi").is_visible():
        server.page.keyboard.press("m")
        server.page.wait_for_function("document.body.classList.contains('midi-learning')")
    server.page.locator(selector).first.click(position={"x": 8, "y": 8})
    play(server, *messages)
    server.page.wait_for_timeout(420)  # a knob's first messages are gathered
    line = server.page.locator("dream-midi .line").inner_text()
    server.page.keyboard.press("Escape")
    server.taken()
    return line


def play(server: FakeServer, *messages: list[int]) -> None:
    server.page.evaluate("messages => midi(...messages)", list(messages))
    server.settle()


def values(server: FakeServer) -> list[object]:
    server.page.wait_for_timeout(50)  # a setting is sent 30 times a second at most
    return [message["value"] for message in server.taken("set")]


def test_knob_moves_a_setting_over_its_slider(server: FakeServer) -> None:
    line = learn(server, "[data-key='motion.zoom']", *([176, 21, n] for n in (60, 61, 62, 63)))
    assert line.startswith("zoom follows cc 1/21 of knobs.")
    for value, expected in ((127, 2.5), (0, 0.5), (64, pytest.approx(1.508, abs=0.002))):
        play(server, [176, 21, value])
        assert values(server) == [expected]
    play(server, [177, 21, 5], [176, 22, 5])  # another channel, another knob
    assert values(server) == []


def test_endless_knob_moves_on_from_the_value_that_is(server: FakeServer) -> None:
    learn(server, "[data-key='motion.zoom']", *[[176, 7, 1]] * 4)
    server.tell(values={"motion.zoom": 1.5})
    server.page.wait_for_timeout(650)
    play(server, [176, 7, 5])  # of 100 steps over 2
    assert values(server) == [1.6]
    play(server, [176, 7, 126], [176, 7, 126])
    assert values(server)[-1] == pytest.approx(1.52)


def test_pair_of_controllers_has_14_bits(server: FakeServer) -> None:
    pair = [[176, 3, 64], [176, 35, 10], [176, 3, 64], [176, 35, 20]]
    learn(server, "[data-key='motion.zoom']", *pair)
    play(server, [176, 3, 127])  # half of a value
    assert values(server) == []
    play(server, [176, 35, 127])
    assert values(server) == [2.5]
    play(server, [176, 3, 64], [176, 35, 1])
    fine = 0.5 + 2 * (64 * 128 + 1) / 16383
    assert values(server) == [pytest.approx(fine, abs=0.0006)]


def test_whole_number_choice_and_switch(server: FakeServer) -> None:
    keys = ("dream.every", "start.kind", "dream.invert")
    for number, key in enumerate(keys, 40):
        learn(server, f"[data-key='{key}']", *([176, number, n] for n in (1, 2, 3, 4)))
    for number, expected in ((40, 3), (41, "noise"), (42, True)):
        play(server, [176, number, 64])
        assert values(server) == [expected]


def test_pad_switches_and_presses(server: FakeServer) -> None:
    learn(server, "[data-key='dream.invert']", [144, 36, 100])
    learn(server, "[data-action='step']", [144, 37, 100])
    play(server, [144, 36, 90], [128, 36, 0])
    assert values(server) == [True]
    play(server, [144, 37, 90], [144, 37, 0])
    assert server.taken() == [{"type": "step"}]


def test_pad_does_not_move_a_slider(server: FakeServer) -> None:
    line = learn(server, "[data-key='motion.zoom']", [144, 36, 100])
    assert line == "Pads and keys are for switches and buttons; move a knob for zoom."
    assert server.page.locator("dream-midi li").count() == 0


def test_learning_presses_no_button(server: FakeServer) -> None:
    server.page.keyboard.press("m")
    server.page.wait_for_function("document.body.classList.contains('midi-learning')")
    server.page.locator("[data-action='play']").click()
    assert server.taken() == []
    server.page.keyboard.press("Escape")


def test_what_was_learned_outlives_a_reload_and_can_be_removed(server: FakeServer) -> None:
    learn(server, "[data-key='motion.zoom']", *([176, 21, n] for n in (60, 61, 62, 63)))
    server.page.reload()
    server.page.wait_for_selector("dream-ruler[aria-valuenow]")
    server.page.keyboard.press("m")
    rows = server.page.locator("dream-midi li")
    assert rows.count() == 1
    server.page.get_by_role("button", name="Remove cc 1/21 of zoom").click()
    assert rows.count() == 0
    assert json.loads(server.page.evaluate("localStorage['dreamvid.midi']")) == {}
    server.page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("midi", "line"),
    [
        ("undefined", "No MIDI in this browser; Chrome, Edge and Firefox have it."),
        (
            "async () => { throw new DOMException('no', 'NotAllowedError'); }",
            "The browser refused MIDI (NotAllowedError); allow it in the page's settings,"
            " beside the address.",
        ),
    ],
)
def test_browser_without_midi_says_so(chromium: Browser, midi: str, line: str) -> None:
    server = open_page(chromium, f"navigator.requestMIDIAccess = {midi};")
    server.page.keyboard.press("m")
    server.settle()
    assert server.page.locator("dream-midi .line").inner_text() == line
    assert server.errors == []
    server.page.context.close()
