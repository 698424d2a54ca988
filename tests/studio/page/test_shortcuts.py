"""Shortcuts of the page in a browser."""

from collections.abc import Iterator

import pytest

from dreamvid.studio.protocol import Keyframe, Lane
from tests.support.studio_page import FakeServer, browser, open_page

LANES = [
    Lane(
        key=key,
        keyframes=[Keyframe(frame=frame, value=1, ease="linear") for frame in frames],
        expression=None,
        samples=[1, 1],
    )
    for key, frames in (("motion.zoom", (0, 50)), ("motion.rotate", (20, 55)))
]


@pytest.fixture(scope="module")
def page() -> Iterator[FakeServer]:
    with browser() as chromium:
        yield open_page(chromium)


@pytest.fixture
def server(page: FakeServer) -> Iterator[FakeServer]:
    page.reset(lanes=LANES)
    yield page
    assert page.errors == []


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("Space", {"type": "play"}),
        (".", {"type": "step"}),
        ("Home", {"type": "restart"}),
        ("r", {"type": "record", "on": True}),
        ("ArrowLeft", {"type": "seek", "frame": 39}),
        ("ArrowRight", {"type": "seek", "frame": 41}),
        ("]", {"type": "seek", "frame": 50}),
        ("[", {"type": "seek", "frame": 20}),
        ("a", {"type": "pin"}),
        ("w", {"type": "pin"}),
        ("Control+z", {"type": "undo"}),
        ("Control+Shift+Z", {"type": "redo"}),
    ],
)
def test_key_sends(server: FakeServer, key: str, message: dict[str, object]) -> None:
    server.page.keyboard.press(key)
    server.page.wait_for_timeout(40)
    assert server.taken() == [message]
    if message["type"] == "seek":
        server.tell(frame=message["frame"])  # where the playhead was put


def test_arrow_past_the_last_frame_dreams_one(server: FakeServer) -> None:
    server.tell(frame=60)
    server.page.keyboard.press("ArrowRight")
    assert server.taken() == [{"type": "step"}]


def test_nothing_happens_while_text_is_typed(server: FakeServer) -> None:
    server.page.get_by_label("Add a lane for a setting").focus()
    for key in ("r", "a", "Space", "ArrowLeft", "Home", "Delete", "?", "m"):
        server.page.keyboard.press(key)
    assert server.taken() == []
    assert not server.page.locator("dream-help dialog").is_visible()
    server.page.get_by_label("Add a lane for a setting").fill("")


def test_arrows_stay_with_a_slider_that_has_the_focus(server: FakeServer) -> None:
    slider = server.page.locator("input[type=range]:visible").first
    slider.focus()
    server.page.keyboard.press("ArrowRight")
    assert server.taken("seek") == []


def test_list_of_shortcuts_names_each(server: FakeServer) -> None:
    server.page.keyboard.press("?")
    dialog = server.page.get_by_role("dialog", name="Shortcuts")
    text = dialog.inner_text()
    defined = server.page.evaluate("import('./keys.js').then(keys => [...keys.names()])")
    alike = {"o": "g", "backspace": "delete", "ctrl+y": "z", "ctrl+s": "s", "space": "space"}
    marks = {mark.lower() for mark in dialog.locator("kbd").all_inner_texts()}
    arrows = {"arrowleft": "←", "arrowright": "→"}
    for name in defined:
        shown = arrows.get(name, alike.get(name, name.split("+")[-1]))
        assert shown in marks, name
    assert "Record" in text
    server.page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_gallery_opens_and_keeps_its_keys(server: FakeServer) -> None:
    server.page.keyboard.press("g")
    assert server.page.evaluate("location.hash") == "#gallery"
    server.settle()
    for key in ("ArrowLeft", "Home", "Space"):
        server.page.keyboard.press(key)
    assert server.taken() == []
    server.page.evaluate("location.hash = ''")
    server.settle()
