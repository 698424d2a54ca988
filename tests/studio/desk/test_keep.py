"""session.json: a restart of the studio goes on."""

import json

import pytest

from dreamvid.studio.desk import keep
from dreamvid.studio.desk.desk import Desk


@pytest.fixture
def desk(tmp_path):
    now = [0.0]

    def clock():
        now[0] += 5
        return now[0]

    return Desk(tmp_path, clock=clock)


def test_a_new_desk_goes_on_where_the_old_one_was(desk, tmp_path):
    desk.set("motion.zoom", 1.5)
    desk.save("mine")
    desk.pin()
    desk.set("motion.turn", [{"at": "3f", "value": 2}])
    desk.open("vortex")
    desk.undo()
    path = tmp_path / "session.json"
    keep.write(path, desk)
    other = Desk(tmp_path)
    assert keep.read(path, other) is None
    for name in ("values", "changed", "name", "saved", "lanes"):
        assert getattr(other, name) == getattr(desk, name)
    assert other.pinned is not None
    assert other.pinned.content.preset.motion.zoom == 1.5
    assert other.history.redo_words == "open vortex"
    assert other.revision > desk.revision  # no picture of before is taken for one of now
    other.redo()
    assert other.name == "vortex"
    opened = other.opened
    other.open("tide")
    assert other.opened > opened
    for _ in range(5):
        other.undo()
    assert other.values["motion.zoom"] == 1.8
    assert other.name == "mine"


def test_a_long_history_is_kept_in_part(desk, tmp_path):
    for number in range(120):
        desk.set("seed", number)
    state = keep.state_of(desk)
    assert len(state["versions"]) == 51
    desk.set("title", "x" * 1_900_000)
    for number in range(5):
        desk.set("seed", number)
    assert len(json.dumps(keep.state_of(desk))) < 16_000_000


def test_there_may_be_none(desk, tmp_path):
    assert keep.read(tmp_path / "session.json", desk) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '{"format": 2}', '{"format": 1}', "[" * 100_000, "\xff"),
        '{"format":1,"now":0,"revision":1,"opened":[],"versions":[]}',
        '{"format":1,"now":0,"revision":1,"opened":[],"versions":[{"table":{"seed":-1}}]}',
    ],
)
def test_a_damaged_one_is_put_aside_in_one_line(desk, tmp_path, text):
    path = tmp_path / "session.json"
    path.write_bytes(text.encode("latin-1"))
    (tmp_path / "session-1.json").write_text("of an earlier time")
    before = desk.values
    line = keep.read(path, desk)
    assert line
    assert "\n" not in line
    assert "session-2.json" in line
    assert desk.values == before
    assert not path.exists()
    assert (tmp_path / "session-2.json").read_bytes() == text.encode("latin-1")
