"""Windows: what they send is done or refused, and what they are sent is only the newest."""

import json
import time

import pytest

from dreamvid.studio.protocol import FRAME, HEADER
from dreamvid.studio.queue.renders import Renders
from dreamvid.studio.server import hub, keeper, socket
from dreamvid.studio.server.pictures import Pictures
from dreamvid.studio.server.windows import LINES, Rate, Window
from dreamvid.studio.session import messages
from tests.support.studio import studio, wait_for
from tests.support.waiting import wait


@pytest.fixture
def here(tmp_path):
    with studio(tmp_path) as running:
        yield running


def picture(frame: int, revision: int = 1) -> messages.Picture:
    return messages.Picture(FRAME, frame, revision, b"jpeg%d" % frame)


def films(here) -> list[messages.Film]:
    return [order for order in here.session.orders if isinstance(order, messages.Film)]


def receive_picture(window) -> tuple[int, bytes]:
    """Receive messages up to a picture; its frame, and its JPEG."""
    while True:
        message = window.receive()
        if data := message.get("bytes"):
            return HEADER.unpack(data[: HEADER.size])[2], data[HEADER.size :]


DEEP = '{"type": "set", "key": "motion.zoom", "value": ' + "[" * 100_000 + "]" * 100_000 + "}"
GARBAGE = {
    "no JSON": "garbage",
    "an empty text": "",
    "a list": "[]",
    "a number": "1e999999",
    "no type": "{}",
    "an unknown type": '{"type": "format_disk"}',
    "a wrong type": '{"type": "seek", "frame": "later"}',
    "a number too large": '{"type": "seek", "frame": 1e30}',
    "an unknown field": '{"type": "play", "at": 1}',
    "a missing field": '{"type": "set", "key": "motion.zoom"}',
    "a long key": json.dumps({"type": "set", "key": "k" * 10_000, "value": 1}),
    "deep JSON": DEEP,
    "a long text": '{"type": "play"' + " " * 1_000_000 + "}",
    "NaN": '{"type": "set", "key": "motion.zoom", "value": NaN}',
    "a table as a value": '{"type": "set", "key": "motion.zoom", "value": {"__class__": "os"}}',
    "an unknown key": '{"type": "set", "key": "__class__.x", "value": 1}',
    "a path as a name": '{"type": "open", "name": "../../etc/passwd"}',
    "a path to save": '{"type": "save", "name": "../evil"}',
    "a file outside": '{"type": "set", "key": "start.path", "value": "/etc/hostname"}',
    "a film that is not there": '{"type": "open_film", "job": "../.."}',
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_is_refused_in_one_line(case, here):
    with here.window() as window:
        wait_for(window, "renders")
        window.send_text(GARBAGE[case])
        message = wait_for(window, "refused")["message"]
        assert 0 < len(message) < 1500 and "\n" not in message
        window.send_json({"type": "set", "key": "motion.zoom", "value": 1.25})  # it goes on
        assert wait_for(window, "state")["values"]["motion.zoom"] == 1.25


def test_binary_messages_are_refused(here):
    with here.window() as window:
        window.send_bytes(b"\xff" * 100)
        assert "binary" in wait_for(window, "refused")["message"]


def test_a_bad_value_is_refused_by_its_key_to_that_window_alone(here):
    with here.window() as one, here.window() as other:
        one.send_json({"type": "set", "key": "motion.zoom", "value": "x+"})
        refused = wait_for(one, "refused")
        assert refused["key"] == "motion.zoom" and "motion.zoom" in refused["message"]
        other.send_json({"type": "set", "key": "seed", "value": 5})
        for _ in range(6):
            message = other.receive_json()
            assert message["type"] != "refused"
            if message["type"] == "state" and message["values"]["seed"] == 5:
                break


def test_a_window_that_floods_is_closed_and_the_others_go_on(here, monkeypatch):
    monkeypatch.setattr(socket, "A_SECOND", 20)
    monkeypatch.setattr(socket, "BURST", 1)
    monkeypatch.setattr(socket, "PATIENCE", 10)
    with here.window() as other, here.window() as window:
        for _ in range(100):
            window.send_text("garbage")
        while (closed := window.receive())["type"] != "websocket.close":
            pass
        assert closed["code"] == 1008 and "messages a second" in closed["reason"]
        other.send_json({"type": "set", "key": "seed", "value": 5})
        while wait_for(other, "state")["values"]["seed"] != 5:
            pass


def test_the_rate_lets_a_burst_pass_and_slows_what_follows():
    rate = Rate(10, 5)
    waits = [rate.wait(100.0) for _ in range(8)]
    assert waits == pytest.approx([0, 0, 0, 0, 0, 0.1, 0.2, 0.3])
    assert rate.wait(200.0) == 0


def test_pictures_come_on_credit_and_only_the_newest(here):
    with here.window() as window:
        wait_for(window, "renders")
        for frame in range(5):
            here.session.report(picture(frame))
        time.sleep(0.1)
        window.send_json({"type": "ready"})
        assert receive_picture(window) == (4, b"jpeg4")
        here.session.report(picture(5))
        here.session.report(picture(6))
        time.sleep(0.1)
        window.send_json({"type": "ready"})
        assert receive_picture(window) == (6, b"jpeg6")
        window.send_json({"type": "ready"})  # it had the newest: the next one comes at once
        here.session.report(picture(7))
        assert receive_picture(window) == (7, b"jpeg7")


def test_a_window_is_owed_only_the_newest_of_each():
    window = Window()
    for number in range(10_000):
        window.touch("state")
        window.tell(f"line {number}")
    assert len(window.stale) <= 3 and len(window.lines) == LINES
    assert window.lines[-1] == "line 9999"


def test_while_the_worker_builds_only_the_newest_film_waits(here):
    with here.window() as window:
        for number in range(30):
            window.send_json({"type": "set", "key": "motion.zoom", "value": 1 + number / 100})
        while wait_for(window, "state")["values"]["motion.zoom"] != 1.29:
            pass
        assert [film.revision for film in films(here)] == [1]
        here.session.build()
        while len(films(here)) < 2:
            time.sleep(0.01)
        assert films(here)[-1].table["motion"]["zoom"] == 1.29
        here.session.build()
        time.sleep(0.1)
        assert len(films(here)) == 2


def test_every_window_sees_the_same_and_a_new_one_too(here):
    with here.window() as one, here.window() as other:
        one.send_json({"type": "set", "key": "motion.zoom", "value": 1.5})
        while wait_for(other, "state")["values"]["motion.zoom"] != 1.5:
            pass
    with here.window() as later:
        assert wait_for(later, "state")["values"]["motion.zoom"] == 1.5


def test_a_change_that_cannot_be_built_is_taken_back_beside_its_control(here):
    with here.window() as window:
        here.session.build()
        before = wait_for(window, "state")["values"]["model"]
        window.send_json({"type": "set", "key": "model", "value": "vgg16"})
        while len(films(here)) < 2:
            time.sleep(0.01)
        here.session.report(messages.NotBuilt(films(here)[-1].revision, None, "not installed"))
        assert wait_for(window, "refused")["key"] == "model"
        window.send_json({"type": "record", "on": False})  # the state may have come before that
        while wait_for(window, "state")["values"]["model"] != before:
            pass
        here.session.build()
        assert "model" not in films(here)[-1].table or films(here)[-1].table["model"] == before


def test_a_preview_that_cannot_be_built_leaves_the_preset(here):
    with here.window() as window:
        window.send_json({"type": "set", "key": "motion.zoom", "value": 1.5})
        time.sleep(0.1)
        for _ in range(2):
            here.session.build()
            time.sleep(0.1)
        window.send_json({"type": "set_preview", "width": 1920, "draft": True})
        while films(here)[-1].width != 1920:
            time.sleep(0.01)
        here.session.report(messages.NotBuilt(films(here)[-1].revision, None, "memory is short"))
        assert wait_for(window, "refused")["message"] == "memory is short"
        window.send_json({"type": "set", "key": "seed", "value": 5})
        while wait_for(window, "state")["values"]["seed"] != 5:
            pass
        film = films(here)[-1]
        assert (film.width, film.draft, film.table["motion"]["zoom"]) == (None, False, 1.5)


def test_undo_does_not_end_a_film_that_was_made_longer(here):
    with here.window() as window:
        here.session.build(frames=48)
        window.send_json({"type": "set", "key": "motion.zoom", "value": 1.5})
        while wait_for(window, "state")["values"]["motion.zoom"] != 1.5:
            pass
        here.session.build(frames=48)
        here.session.report(messages.Position(True, 46, 0, 46, next=47))
        while (frames := wait_for(window, "state")["frames"]) == 48:
            pass
        here.session.build(frames=frames)
        here.session.report(messages.Position(True, 99, 0, 99, next=100))
        window.send_json({"type": "undo"})
        while (state := wait_for(window, "state"))["values"]["motion.zoom"] == 1.5:
            pass
        assert state["frames"] > 100


def test_a_keyframe_that_moves_is_kept_too(here, monkeypatch):
    monkeypatch.setattr(keeper, "LATER", 0.05)
    with here.window() as window:
        here.session.build()
        window.send_json({"type": "record", "on": True})
        window.send_json({"type": "set", "key": "motion.zoom", "value": 1.5})
        while not wait_for(window, "state")["lanes"]:
            pass
        here.session.build(since=0)
        kept = here.folder / "session.json"
        wait(lambda: kept.exists() and '"0f"' in kept.read_text())
        film = films(here)[-1]
        here.session.report(messages.Picture(FRAME, 3, film.revision, b"jpeg"))
        wait(lambda: '"3f"' in kept.read_text())


def test_what_fails_beside_is_told(here, capfd, monkeypatch):
    def full(renders):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Renders, "pause", full)
    with here.window() as window:
        window.send_json({"type": "pause_renders"})
        assert "No space left" in wait_for(window, "refused")["message"]
    assert "Traceback" in capfd.readouterr().err


def test_pictures_of_the_past_are_shown_at_once(here):
    with here.window() as window:
        for frame in range(3):
            here.session.report(picture(frame))
        window.send_json({"type": "ready"})
        assert receive_picture(window)[0] == 2
        window.send_json({"type": "ready"})
        window.send_json({"type": "seek", "frame": 1})
        assert receive_picture(window) == (1, b"jpeg1")
        assert messages.SeekTo(1) in here.session.orders
    assert here.client.get("/pictures/live/2").content == b"jpeg2"
    for name in ("live/3", "live/x", "a/1", "b/1", "live/" + "9" * 5000):
        assert here.client.get(f"/pictures/{name}").status_code == 404


def test_variant_a_keeps_its_pictures(here):
    with here.window() as window:
        for frame in range(3):
            here.session.report(picture(frame))
        time.sleep(0.1)
        window.send_json({"type": "pin"})
        while not (variant := wait_for(window, "state")["variant"]):
            pass
        assert (variant["first"], variant["last"]) == (0, 2)
        here.session.report(messages.Picture(FRAME, 1, 2, b"other"))
        time.sleep(0.1)
    assert here.client.get("/pictures/a/1").content == b"jpeg1"
    assert here.client.get("/pictures/live/1").content == b"other"
    assert here.client.get("/pictures/live/2").status_code == 404


def test_a_fault_of_ours_is_told_and_outlived(here, monkeypatch, capsys):
    def fault(*_args):
        raise ZeroDivisionError("oh")

    with here.window() as window:
        with monkeypatch.context() as patch:
            patch.setattr("dreamvid.studio.desk.desk.Desk.undo", fault)
            window.send_json({"type": "undo"})
            assert "ZeroDivisionError: oh" in wait_for(window, "refused")["message"]
        window.send_json({"type": "set", "key": "seed", "value": 5})
        while wait_for(window, "state")["values"]["seed"] != 5:
            pass
    assert "Traceback" in capsys.readouterr().err


def test_without_a_window_the_dream_pauses_and_goes_on_with_the_next(here, monkeypatch):
    monkeypatch.setattr(hub, "IDLE", 0.05)
    playing, still = (messages.Position(on, 3, 0, 3) for on in (True, False))
    with here.window() as window:
        here.session.report(playing)
        while not wait_for(window, "status")["playing"]:
            pass
    wait(lambda: messages.Go("pause") in here.session.orders)
    here.session.report(still)
    with here.window():
        wait(lambda: messages.Go("play") in here.session.orders)


def test_a_reload_does_not_pause(here):
    with here.window() as window:
        here.session.report(messages.Position(True, 3, 0, 3))
        while not wait_for(window, "status")["playing"]:
            pass
    with here.window() as window:
        assert wait_for(window, "status")["playing"]
    assert messages.Go("pause") not in here.session.orders


def test_a_worker_that_was_given_up_is_started_with_the_newest_preset(here):
    with here.window() as window:
        here.session.report(messages.Condition("stopped", "killed too often"))
        while wait_for(window, "status")["worker"] != "stopped":
            pass
        window.send_json({"type": "play"})
        wait(lambda: here.session.orders[-1] == messages.Go("play"))
        assert len(films(here)) == 2


def test_what_is_recorded_holds_from_the_next_frame_that_can_be_reached(here):
    with here.window() as window:
        here.session.build()
        here.session.report(messages.Position(True, 3, 0, 3, next=6))
        while wait_for(window, "status")["frame"] != 3:
            pass
        window.send_json({"type": "record", "on": True})
        window.send_json({"type": "set", "key": "motion.zoom", "value": 1.5})
        wait(lambda: len(films(here)) == 2)
        assert films(here)[-1].at == 6
        window.send_json({"type": "set", "key": "motion.zoom", "value": 1.6})
        while wait_for(window, "state")["revision"] == films(here)[-1].revision:
            pass
        here.session.report(messages.Position(True, 6, 0, 6, next=9))
        while wait_for(window, "status")["frame"] != 6:
            pass
        window.send_json({"type": "set", "key": "motion.turn", "value": 5})
        time.sleep(0.2)
        assert len(films(here)) == 2  # the worker has not answered
        here.session.build()
        wait(lambda: len(films(here)) == 3)
        assert films(here)[-1].at == 6  # the first of what waited


def test_pictures_are_bounded_and_a_branch_replaces_what_came_after():
    pictures = Pictures(capacity=1000)
    for frame in range(20):
        pictures.add(frame, bytes(100))
    assert (pictures.first, pictures.last) == (10, 19)
    kept = pictures.copy()
    pictures.add(15, b"new")
    assert (pictures.last, pictures.get(15), pictures.get(16)) == (15, b"new", None)
    assert kept.get(16) == bytes(100)


def test_a_film_that_plays_goes_on_past_its_end_unless_told_to_end(here):
    with here.window() as window:
        here.session.build(frames=48)
        sent = len(films(here))
        here.session.report(messages.Position(True, 10, 0, 10, next=11))
        while wait_for(window, "status")["frame"] != 10:
            pass
        assert len(films(here)) == sent  # the end is far
        here.session.report(messages.Position(True, 23, 0, 23, next=24))
        while wait_for(window, "state")["frames"] != 288:
            pass
        assert films(here)[-1].table["video"]["frames"] == 288
        window.send_json({"type": "set_endless", "on": False})
        while wait_for(window, "state")["endless"]:
            pass
        here.session.build(frames=288)
        here.session.report(messages.Position(True, 280, 0, 280, next=281))
        while wait_for(window, "status")["frame"] != 280:
            pass
        window.send_json({"type": "pin"})
        assert wait_for(window, "state")["frames"] == 288
