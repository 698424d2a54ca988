"""The A/B wipe in a browser."""

from collections.abc import Iterator

import pytest

from dreamvid.studio.protocol import Variant
from tests.support.studio_page import FakeServer, browser, open_page

A = Variant(name="quickstart", revision=3, first=10, last=50)


@pytest.fixture(scope="module")
def page() -> Iterator[FakeServer]:
    with browser() as chromium:
        yield open_page(chromium)


@pytest.fixture
def server(page: FakeServer) -> Iterator[FakeServer]:
    """The page with a variant pinned, at frame 20."""
    page.reset(variant=A)
    page.show(20)
    page.asked.clear()
    yield page
    page.reset()
    assert page.errors == []


def shares(server: FakeServer) -> float:
    return float(server.page.get_by_label("Divider of A and B").get_attribute("aria-valuenow") or 0)


def test_pinned_by_button_and_by_key(server: FakeServer) -> None:
    server.tell(variant=None)
    assert not server.page.locator("dream-wipe").is_visible()
    server.page.get_by_role("button", name="Pin as A").click()
    server.page.keyboard.press("a")
    assert server.taken() == [{"type": "pin"}, {"type": "pin"}]


def test_picture_of_the_same_frame_lies_left_of_the_divider(server: FakeServer) -> None:
    server.show(31)
    server.show(32, kind=1)  # between two frames: A's picture stays
    assert server.asked == ["31"]
    left, right = server.page.evaluate(
        """() => {
            const canvas = document.querySelector("dream-wipe canvas");
            const pixel = canvas.getContext("2d").getImageData(5, 5, 1, 1).data;
            return [canvas.style.clipPath, [...pixel]];
        }"""
    )
    assert left == "inset(0px 50% 0px 0px)"
    assert right[:3] == pytest.approx([0x80, 0x20, 0x40], abs=6)


def test_divider_by_mouse_and_by_keys(server: FakeServer) -> None:
    bar = server.page.get_by_label("Divider of A and B")
    stage, handle = server.page.locator("dream-wipe").bounding_box(), bar.bounding_box()
    assert stage and handle
    mouse = server.page.mouse
    mouse.move(handle["x"] + handle["width"] / 2, stage["y"] + 40)
    mouse.down()
    mouse.move(stage["x"] + stage["width"] / 4, stage["y"] + 60)
    mouse.up()
    assert shares(server) == 25
    bar.focus()
    server.page.keyboard.press("ArrowRight")
    assert shares(server) == 27
    server.page.keyboard.press("Home")
    assert shares(server) == 0
    for _ in range(5):
        server.page.keyboard.press("PageUp")
    assert shares(server) == 50
    assert server.taken() == []  # the camera's centre stays, and no frame was stepped to


def test_frames_that_a_does_not_have(server: FakeServer) -> None:
    server.show(51)
    assert server.asked == []
    assert server.page.locator("dream-wipe .tag.a").inner_text() == "A has frames 10 to 50 only"
    server.tell(variant=A.model_copy(update={"first": -1, "last": -1}))
    server.show(0)
    assert server.page.locator("dream-wipe .tag.a").inner_text() == "A has no frames"
    server.tell(variant=A)
    server.show(50)
    server.settle()
    assert server.page.locator("dream-wipe .tag.a").inner_text() == "A"


def test_swap_let_go_and_hide(server: FakeServer) -> None:
    for name in ("Swap", "Let go"):
        server.page.get_by_role("button", name=name, exact=True).click()
    assert server.taken() == [{"type": "swap"}, {"type": "unpin"}]
    button = server.page.get_by_role("button", name="Wipe between A and B")
    for hidden in (True, False):
        server.page.keyboard.press("w")
        assert server.page.locator("dream-wipe").is_hidden() == hidden
        assert button.get_attribute("aria-pressed") == str(not hidden).lower()


def test_pinning_anew_shows_the_wipe_again(server: FakeServer) -> None:
    server.page.keyboard.press("w")
    assert server.page.locator("dream-wipe").is_hidden()
    server.tell(variant=A.model_copy(update={"revision": 4}))
    assert server.page.locator("dream-wipe").is_visible()
