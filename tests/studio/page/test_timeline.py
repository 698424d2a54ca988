"""The timeline in a browser: playhead, lanes, keyframes dragged, typed and moved by keys."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from dreamvid.schedule.easing import EASES
from dreamvid.studio.protocol import Keyframe, Lane
from tests.support.studio_page import FakeServer, browser, open_page

ZOOM = Lane(
    key="motion.zoom",
    keyframes=[
        Keyframe(frame=0, value=1.0, ease="smooth"),
        Keyframe(frame=24, value=2.0, ease="hold"),
        Keyframe(frame=100, value=1.5, ease="linear"),
    ],
    expression=None,
    samples=[1.0, 2.0, 1.5],
)
CENTRE = Lane(
    key="motion.centre[0]", keyframes=None, expression="0.5 + 0.1*sin(t)", samples=[0.4, 0.5, 0.6]
)


@pytest.fixture(scope="module")
def page() -> Iterator[FakeServer]:
    with browser() as chromium:
        yield open_page(chromium)


@pytest.fixture
def server(page: FakeServer) -> Iterator[FakeServer]:
    """The page with a lane of keyframes and one of an expression, as it was opened."""
    page.reset(lanes=[ZOOM, CENTRE])
    yield page
    assert page.errors == []


def lane(server: FakeServer, title: str = "zoom") -> Locator:
    return server.page.locator("dream-lane", has=server.page.get_by_text(title, exact=True))


def middle(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(server: FakeServer, start: tuple[float, float], right: float, down: float) -> None:
    mouse = server.page.mouse
    mouse.move(*start)
    mouse.down()
    mouse.move(start[0] + right / 2, start[1] + down / 2)
    mouse.move(start[0] + right, start[1] + down)
    mouse.up()


def pixels_a_frame(server: FakeServer) -> float:
    first, second = (middle(lane(server).locator(".key").nth(n))[0] for n in (0, 1))
    return (second - first) / 24


def test_keyframe_dragged_along_moves_in_time(server: FakeServer) -> None:
    step = pixels_a_frame(server)
    drag(server, middle(lane(server).locator(".key").nth(1)), 10 * step, 3)
    moved = {"type": "move_keyframe", "key": "motion.zoom", "frame": 24, "to": 34}
    assert server.taken() == [moved]


def test_keyframe_dragged_far_stays_between_its_neighbours(server: FakeServer) -> None:
    drag(server, middle(lane(server).locator(".key").nth(1)), 2000, 0)
    assert [message["to"] for message in server.taken("move_keyframe")] == [99]


def test_keyframe_dragged_down_has_a_lower_value_and_keeps_its_ease(server: FakeServer) -> None:
    keys = lane(server).locator(".key")
    fall = middle(keys.nth(0))[1] - middle(keys.nth(1))[1]  # from value 2 to value 1
    drag(server, middle(keys.nth(1)), 1, fall / 2)
    (message,) = server.taken()
    assert message["type"] == "set_keyframe"
    assert (message["frame"], message["ease"]) == (24, "hold")
    assert message["value"] == pytest.approx(1.5, abs=0.03)


def test_escape_drops_a_drag(server: FakeServer) -> None:
    x, y = middle(lane(server).locator(".key").nth(1))
    mouse = server.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 60, y)
    server.page.keyboard.press("Escape")
    mouse.up()
    assert server.taken() == []


def test_double_click_adds_a_keyframe_there(server: FakeServer) -> None:
    step = pixels_a_frame(server)
    first, second = (middle(lane(server).locator(".key").nth(n)) for n in (0, 1))
    server.page.mouse.dblclick(first[0] + 60 * step, second[1])
    (message,) = server.taken("set_keyframe")
    assert (message["frame"], message["ease"]) == (60, "hold")
    assert message["value"] == pytest.approx(2.0, abs=0.03)


def test_keyframes_by_keyboard_alone(server: FakeServer) -> None:
    track = lane(server).locator(".track")
    track.focus()
    keyboard = server.page.keyboard
    for key in ("Home", "ArrowRight"):
        keyboard.press(key)
        server.settle()
    active = track.get_attribute("aria-activedescendant")
    label = server.page.locator(f"#{active}").get_attribute("aria-label")
    assert label == "frame 24, value 2, hold"
    keyboard.press("ArrowUp")
    keyboard.press("Shift+ArrowLeft")
    messages = server.taken()
    assert messages[0] == {
        "type": "set_keyframe",
        "key": "motion.zoom",
        "frame": 24,
        "value": 2.01,
        "ease": "hold",
    }
    moved = {"type": "move_keyframe", "key": "motion.zoom", "frame": 24, "to": 23}
    assert messages[1] == moved


def test_delete_removes_the_selected_keyframe_alone(server: FakeServer) -> None:
    server.page.keyboard.press("Delete")
    lane(server).locator(".key").nth(2).click()
    server.page.keyboard.press("Delete")
    server.page.keyboard.press("Delete")
    assert server.taken() == [{"type": "delete_keyframe", "key": "motion.zoom", "frame": 100}]


def test_keyframe_in_numbers(server: FakeServer) -> None:
    lane(server).locator(".key").nth(1).click()
    editor = server.page.locator("dream-keyframe")
    editor.get_by_label("Value").fill("1,75")
    server.page.keyboard.press("Enter")
    editor.get_by_label("Ease").select_option("elastic")
    editor.get_by_label("Frame").fill("30")
    server.page.keyboard.press("Tab")
    values = [(m["type"], m.get("value"), m.get("ease"), m.get("to")) for m in server.taken()]
    assert values == [
        ("set_keyframe", 1.75, "hold", None),
        ("set_keyframe", 1.75, "elastic", None),
        ("move_keyframe", None, None, 30),
    ]


def test_lane_added_for_a_setting_by_its_title(server: FakeServer) -> None:
    field = server.page.get_by_label("Add a lane for a setting")
    field.fill("no such")
    field.press("Enter")
    assert field.evaluate("field => field.validationMessage") == "no such setting"
    field.fill("turn")
    field.press("Enter")
    added = {"key": "motion.rotate", "frame": 40, "value": 0, "ease": "smooth"}
    assert server.taken() == [{"type": "set_keyframe", **added}]
    field.fill("zoom")  # which has a lane
    field.press("Enter")
    label = server.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "zoom: 3 keyframes"
    assert server.taken() == []


def test_lanes_are_named_and_in_the_order_of_the_state(server: FakeServer) -> None:
    server.tell(lanes=[CENTRE])
    server.tell(lanes=[ZOOM, CENTRE])
    assert server.page.locator("dream-lane .name").all_inner_texts() == ["zoom", "centre x"]
    inner = CENTRE.model_copy(update={"key": "colour.like[1].weight"})
    server.tell(lanes=[inner])
    assert server.page.locator("dream-lane .name").all_inner_texts() == ["like 2 weight"]


def test_expression_is_edited_as_text(server: FakeServer) -> None:
    field = server.page.get_by_label("Expression of centre x")
    assert field.input_value() == "0.5 + 0.1*sin(t)"
    field.fill("0.5")
    field.press("Enter")
    assert server.taken() == [{"type": "set", "key": "motion.centre[0]", "value": "0.5"}]


@pytest.mark.parametrize(
    ("item", "sent"), [("Thin keyframes", "thin_keyframes"), ("Make constant", "fix_setting")]
)
def test_menu_of_a_lane(server: FakeServer, item: str, sent: str) -> None:
    server.page.get_by_role("button", name="Menu of zoom").click()
    server.page.get_by_role("menuitem", name=item).click()
    assert server.taken() == [{"type": sent, "key": "motion.zoom"}]


def test_scrubbing_keeps_to_the_frames_that_are_there(server: FakeServer) -> None:
    ruler = server.page.locator("dream-ruler")
    box = ruler.bounding_box()
    assert box
    drag(server, (box["x"] + box["width"] / 4, box["y"] + 8), 2000, 0)
    server.page.wait_for_timeout(80)
    sought = [message["frame"] for message in server.taken("seek")]
    assert sought[-1] == 60
    assert ruler.get_attribute("aria-valuetext") == "frame 60, 2.5 s"
    assert (ruler.get_attribute("aria-valuemin"), ruler.get_attribute("aria-valuemax")) == (
        "5",
        "60",
    )


def test_scrubbing_seeks_30_times_a_second_at_most(server: FakeServer) -> None:
    took = server.page.evaluate(
        """() => new Promise(done => {
            const ruler = document.querySelector("dream-ruler"), begun = performance.now();
            let frame = 5;
            const timer = setInterval(() => {
                ruler.seek(frame++);
                if (frame > 60) { clearInterval(timer); done(performance.now() - begun); }
            }, 4);
        })"""
    )
    server.page.wait_for_timeout(60)
    sought = [message["frame"] for message in server.taken("seek")]
    assert 3 <= len(sought) <= took / 33 + 2
    assert sought[-1] == 60


def touch(server: FakeServer, *moves: list[tuple[float, float]]) -> None:
    """Put fingers down at the first places, move them to the others, and lift them."""
    session = server.page.context.new_cdp_session(server.page)
    for kind, places in zip(["Start", *["Move"] * 9], moves, strict=False):
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": fingers})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_keyframe_is_dragged_by_a_finger(server: FakeServer) -> None:
    step = pixels_a_frame(server)
    x, y = middle(lane(server).locator(".key").nth(1))
    touch(server, *([(x + share * 10 * step, y + 2 * share)] for share in (0, 0.5, 1)))
    assert [message["to"] for message in server.taken("move_keyframe")] == [34]


def test_two_fingers_zoom(server: FakeServer) -> None:
    x, y = middle(lane(server).locator(".track"))
    touch(server, *([(x - apart, y), (x + apart, y)] for apart in (50, 75, 100)))
    span = server.page.evaluate("document.querySelector('dream-timeline').view.span")
    assert span == pytest.approx(119 / 2, rel=0.05)
    assert server.taken() == []


def test_hints_tell_what_is_to_know(server: FakeServer) -> None:
    hint = server.page.locator("dream-timeline .hint")
    assert hint.inner_text() == "Play goes on from frame 40: the frames after it are dreamed anew."
    server.tell(frame=60, seen_from=31)
    assert hint.inner_text().startswith("Frames before 31 were dreamed with other settings")
    server.tell(seen_from=None)
    assert hint.inner_text().startswith("These frames were dreamed with other settings")
    server.tell(seen_from=0)
    assert hint.inner_text() == ""
    server.tell(frame=-1, first=-1, last=-1)
    assert hint.inner_text().startswith("Press play")
    server.tell(playing=True)
    assert hint.inner_text() == ""
    server.tell(recording=True)
    assert hint.inner_text().startswith("Recording")
    assert "recording" in (server.page.locator("dream-timeline").get_attribute("class") or "")


def test_long_film_is_zoomed_around_the_playhead(server: FakeServer) -> None:
    server.tell(frames=3000)
    shown = "document.querySelector('dream-timeline').view"
    x = server.page.evaluate(f"{shown}.x(40)")
    for _ in range(5):
        server.page.get_by_label("Zoom in").click()
    server.settle()
    assert server.page.evaluate(f"{shown}.span") == pytest.approx(2999 / 32)
    assert server.page.evaluate(f"{shown}.first") == pytest.approx(40 * 31 / 32, abs=0.1)
    assert server.page.evaluate(f"{shown}.x(40)") == pytest.approx(x, abs=0.5)
    server.tell(playing=True, frame=500, last=500)
    first, span = server.page.evaluate(f"[{shown}.first, {shown}.span]")
    assert first < 500 < first + span
    server.page.get_by_label("Show the whole film").click()
    assert server.page.evaluate(f"{shown}.zoomed") is False


def test_eases_are_drawn_as_the_film_has_them(server: FakeServer) -> None:
    drawn = server.page.evaluate(
        """import("./eases.js").then(({ EASES }) => Object.fromEntries(Object.entries(EASES)
            .map(([name, ease]) => [name, [0, .1, .37, .5, .8, .93, 1].map(ease)])))"""
    )
    assert set(drawn) == set(EASES)
    for name, ease in EASES.items():
        assert drawn[name] == pytest.approx([ease(s) for s in (0, 0.1, 0.37, 0.5, 0.8, 0.93, 1)])


def test_a_thousand_recorded_keyframes_are_dots_until_zoomed(server: FakeServer) -> None:
    keys = [Keyframe(frame=n, value=1 + n % 50 / 50, ease="hold") for n in range(1000)]
    many = Lane(key="motion.zoom", keyframes=keys, expression=None, samples=[1, 2])
    server.tell(frames=3000, lanes=[many])
    assert lane(server).locator(".key").count() <= 2
    for _ in range(7):
        server.page.get_by_label("Zoom in").click()
    server.page.evaluate(
        """() => {
            const timeline = document.querySelector("dream-timeline");
            timeline.view.scroll(495);
            timeline.redraw();
        }"""
    )
    server.settle()
    assert lane(server).locator(".key").count() > 10
    label = lane(server).locator(".key[data-frame='500']").get_attribute("aria-label")
    assert re.fullmatch("frame 500, value 1, hold", label or "")


def test_lost_connection_greys_the_timeline_and_sends_nothing(server: FakeServer) -> None:
    # The last of this module: the page stays so.
    assert server.socket
    server.page.evaluate("() => { WebSocket = class {}; }")  # no other try succeeds
    server.socket.close()
    server.page.wait_for_selector("dream-timeline.offline")
    assert "Connection lost" in server.page.locator("dream-timeline .hint").inner_text()
    assert lane(server).locator(".key").count() == 3
    server.page.keyboard.press("ArrowLeft")
    assert server.taken() == []
