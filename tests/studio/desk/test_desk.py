"""The desk: settings by key, undo, what is refused, variants."""

import subprocess
import sys
from pathlib import Path

import pytest

from dreamvid.errors import PresetError
from dreamvid.preset.load import load_preset
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.desk.history import MOST


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def desk(tmp_path, now):
    """A desk whose changes lie seconds apart."""

    def clock():
        now[0] += 5
        return now[0]

    return Desk(tmp_path / "studio", clock=clock)


def test_it_needs_no_torch():
    code = "import sys, dreamvid.studio.desk.keep as k; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_values_are_those_of_the_preset_defaults_included(desk):
    assert desk.values["motion.zoom"] == 1.8
    assert desk.values["motion.turn"] == 0.0
    assert desk.values["dream.direction"] == "city"
    assert desk.values["motion.centre[1]"] == "0.5 + 0.05*sin(tau*t/7 + 1)"
    assert desk.values["seed"] == 1
    assert (desk.saved, desk.changed, desk.name) == (True, [], "quickstart")


@pytest.mark.parametrize(
    ("key", "value", "setting"),
    [
        ("motion.zoom", 1.5, "motion.zoom=1.5"),
        ("motion.turn", "10*sin(t)", "motion.turn=10*sin(t)"),
        ("dream.layers", ["stem"], "dream.layers=['stem']"),
        ("dream.look", "soft", "dream.look=soft"),
        ("colour.keep", "none", "colour.keep=none"),
        ("video.seconds", 3, "video.seconds=3"),
        ("seed", "12", "seed=12"),
        ("dream.tile", "256", "dream.tile=256"),
    ],
)
def test_setting_gives_what_the_command_line_does(desk, key, value, setting):
    desk.set(key, value)
    assert desk.preset == load_preset("quickstart", [setting])


def test_items_of_lists_are_set_and_reset(desk):
    desk.set("motion.centre[0]", 0.25)
    assert desk.values["motion.centre"] == [0.25, "0.5 + 0.05*sin(tau*t/7 + 1)"]
    assert "motion.centre[0]" in desk.changed
    desk.set("dream.direction", [{"name": "city"}, {"name": "nature", "weight": 2}])
    desk.set("dream.direction[1].weight", 3)
    assert [entry.weight for entry in desk.preset.dream.direction] == [1, 3]
    desk.reset("dream.direction[1].weight")  # which the preset that was opened has not
    assert [entry.weight for entry in desk.preset.dream.direction] == [1, 1]
    desk.reset("dream.direction")
    desk.reset("motion.centre[0]")
    assert (desk.saved, desk.changed) == (True, [])
    desk.set("motion.shift[1]", 0.2)
    assert desk.preset.motion.shift == (0, 0.2)
    desk.reset("motion.shift[1]")
    assert desk.preset.motion.shift == (0, 0)


def test_an_item_replaces_nothing_else(desk):
    desk.set_all({"dream.layers": ["stem"], "dream.objective": "direction"})
    desk.set_all({"dream.layers": ["stem"], "dream.direction": "city"})
    desk.set("dream.direction[0].weight", 2)
    assert [layer.name for layer in desk.preset.dream.layers] == ["stem"]


@pytest.mark.parametrize("key", ["dream.layers", "dream.look", "colour.keep", "start.kind"])
def test_resetting_brings_back_what_was_replaced(desk, key):
    new = {"dream.layers": ["stem"], "dream.look": "crisp", "colour.keep": "none"}
    desk.set(key, new.get(key, "noise"))
    assert key in desk.changed
    desk.reset(key)
    assert desk.preset == load_preset("quickstart")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("motion.zoom", -1, "greater than or equal to 1e-06, got -1"),
        ("motion.zoom", "zoooom", "no such name 'zoooom'"),
        ("motion.zom", 1, "no such option (did you mean zoom?)"),
        ("moton.zoom", 1, "no such option (did you mean motion?)"),
        ("motion.centre[2]", 1, "no such setting"),
        ("dream.layers[0].weight", 1, "no such setting"),
        ("motion.classic_zoom", 0.1, "classic_zoom replaces zoom"),
        ("../x", 1, "is not a key"),
        ("start.path", "/etc/hostname", "is not in the studio's folder"),
        ("dream.guide", ["/etc/hostname"], "is not in the studio's folder"),
        ("title", "x" * 3_000_000, "too large"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_changes(desk, key, value, words):
    before, revision = desk.values, desk.revision
    with pytest.raises(PresetError) as caught:
        desk.set(key, value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (desk.values, desk.revision) == (before, revision)
    if "." in key and "guide" not in key:  # the row of the page that it is shown at
        assert caught.value.option in (key, key.partition("/")[0] or key)


def test_files_of_the_studio_may_be_named(desk):
    picture = desk.folder / "uploads" / "a.png"
    picture.parent.mkdir(parents=True)
    picture.touch()
    desk.set("start.path", str(picture))
    assert desk.preset.start.kind == "image"
    (desk.folder / "out").symlink_to("/etc/hostname")
    with pytest.raises(PresetError, match="not in the studio's folder"):
        desk.set("start.path", str(desk.folder / "out"))
    with pytest.raises(PresetError, match="not in the studio's folder"):
        desk.set("start.path", str(desk.folder / "uploads/../../x.png"))


def test_undo_and_redo_go_through_every_change(desk):
    desk.set("motion.zoom", 1.5)
    desk.set("motion.turn", 5)
    desk.reset("motion.zoom")
    states = []
    words = []
    while desk.history.undo_words:
        words.append(desk.history.undo_words)
        states.append(desk.values)
        desk.undo()
    assert words == ["reset zoom", "turn 5", "zoom 1.5"]
    assert desk.saved
    assert desk.history.redo_words == "zoom 1.5"
    for state in reversed(states):
        desk.redo()
        assert desk.values == state
    revision = desk.revision
    desk.redo()
    assert desk.revision == revision


def test_changes_of_one_setting_in_a_second_are_one(tmp_path):
    now = [0.0]
    desk = Desk(tmp_path, clock=lambda: now[0])
    for value in (1.1, 1.2, 1.3):
        now[0] += 0.4
        desk.set("motion.zoom", value)
    desk.set("motion.turn", 1)
    now[0] += 1.1
    desk.set("motion.turn", 2)
    desk.undo()
    assert desk.values["motion.turn"] == 1
    desk.undo()
    assert desk.values["motion.zoom"] == 1.3
    desk.undo()
    assert desk.values["motion.zoom"] == 1.8


def test_the_history_is_bounded(desk):
    for number in range(MOST + 50):
        desk.set("seed", number)
    assert len(desk.history.versions) == MOST
    for _ in range(MOST + 50):
        desk.undo()
    assert desk.values["seed"] == 50


def test_opening_can_be_undone_and_is_another_film(desk):
    desk.set("motion.zoom", 1.5)
    opened = desk.opened
    desk.open("vortex")
    assert (desk.name, desk.saved) == ("vortex", True)
    assert desk.opened != opened
    desk.undo()
    assert (desk.name, desk.values["motion.zoom"], desk.opened) == ("quickstart", 1.5, opened)


def test_a_change_that_cannot_be_dreamed_is_taken_back(desk):
    desk.set("motion.zoom", 1.5)
    desk.built(desk.revision, 48, 24)
    desk.set("model", "nosuch")
    failed = desk.revision
    desk.set("seed", 3)
    assert not desk.revert(failed)  # the later one has its own report
    assert desk.revert(desk.revision)
    assert desk.revert(desk.revision)
    assert (desk.values["model"], desk.values["motion.zoom"]) == ("lite0", 1.5)
    assert desk.history.redo_words is None


def test_a_file_that_is_gone_takes_no_change_back(desk):
    for zoom in (1.2, 1.4, 1.6):
        desk.set("motion.zoom", zoom)
        desk.set("seed", round(10 * zoom))
    assert not desk.revert(desk.revision)  # nothing was dreamed yet: no change is to blame
    desk.built(desk.revision, 48, 24)
    desk.set("motion.turn", 5)
    assert desk.revert(desk.revision)
    assert not desk.revert(desk.revision)  # it was dreamed before
    assert (desk.values["motion.zoom"], desk.values["seed"]) == (1.6, 16)
    while desk.history.undo_words:
        desk.undo()
    assert desk.values["motion.zoom"] == 1.8


def test_of_changes_in_a_row_the_last_that_could_be_dreamed_stays(desk):
    for zoom in (1.2, 1.4):
        desk.set("motion.zoom", zoom)
        desk.built(desk.revision, 48, 24)
    desk.set("motion.zoom", 1.6)
    assert desk.revert(desk.revision) and desk.values["motion.zoom"] == 1.4
    assert desk.lengthen() and desk.revert(desk.revision)  # not the change before it
    assert (desk.preset.video.frames, desk.values["motion.zoom"]) == (48, 1.4)


def test_variants_are_swapped_back_and_forth(desk):
    with pytest.raises(PresetError, match="pin one first"):
        desk.swap()
    desk.pin()
    desk.set("motion.zoom", 3)
    desk.swap()
    assert desk.values["motion.zoom"] == 1.8
    desk.swap()
    assert desk.values["motion.zoom"] == 3
    desk.undo()
    assert desk.values["motion.zoom"] == 1.8
    assert desk.pinned is not None
    assert desk.pinned.content.preset.motion.zoom == 3
    desk.unpin()
    assert desk.pinned is None
    desk.undo()
    assert desk.pinned is not None


def test_lanes_show_keyframes_formulas_and_samples(desk):
    desk.set("video.frames", 25)
    desk.set_keyframe("motion.turn", 12, 6, "linear")
    lanes = {lane.key: lane for lane in desk.lanes}
    assert list(lanes) == ["motion.turn", "motion.centre[0]", "motion.centre[1]"]
    turn = lanes["motion.turn"]
    assert [(key.frame, key.value) for key in turn.keyframes or ()] == [(0, 0), (12, 6)]
    assert turn.samples == [min(6, frame / 2) for frame in range(25)]
    assert lanes["motion.centre[0]"].expression == "0.5 + 0.06*sin(tau*t/5)"
    desk.set("video.frames", 2400)
    assert len(desk.lanes[0].samples) == 200
    desk.set("motion.turn", "bass")
    assert desk.lanes[0].samples == []


def test_keyframes_are_changed_by_key(desk):
    desk.set_keyframe("motion.centre[1]", 0, 0.5, "smooth")
    desk.set_keyframe("motion.centre[1]", 20, 0.7, "linear")
    desk.move_keyframe("motion.centre[1]", 20, 30)
    assert [key.frame for key in desk.lanes[1].keyframes or ()] == [0, 30]
    desk.fix_setting("motion.centre[1]", 15)
    assert desk.preset.motion.centre[1] == 0.6  # half of the way, by any smooth step
    with pytest.raises(PresetError, match="no keyframe") as caught:
        desk.delete_keyframe("motion.zoom", 4)
    assert caught.value.option == "motion.zoom"
    with pytest.raises(PresetError, match="cannot change over the film"):
        desk.set_keyframe("seed", 3, 4, "linear")


def test_every_shipped_preset_opens(tmp_path):
    desk = Desk(tmp_path)
    for name in ("footage-soft", "rose-window", "layer-tour", "beat"):
        desk.open(name)
        assert desk.values["title"] == load_preset(name).title
        desk.built(desk.revision, 77, 25.0)
        assert all(len(lane.samples) <= 200 for lane in desk.lanes)
    desk.open("footage-soft")
    assert desk.times.length.frames == 77


def test_a_saved_preset_is_the_same_from_any_folder(desk, tmp_path, monkeypatch):
    picture = Path(desk.folder / "uploads" / "a.png")
    picture.parent.mkdir(parents=True)
    picture.touch()
    monkeypatch.chdir(tmp_path)
    desk.set("start.path", "studio/uploads/a.png")
    desk.set("dream.look", "soft")
    desk.set_keyframe("motion.zoom", 7, 1.23456789012345678, "bounce")
    desk.save("mine", preview=["start.size=256x144"])
    assert (desk.name, desk.saved) == ("mine", True)
    file = desk.folder / "presets" / "mine.toml"
    assert file.read_text().startswith("# made in the studio; seen with --set start.size=256x144\n")
    monkeypatch.chdir("/")
    assert load_preset(str(file)) == desk.preset
    desk.set("motion.turn", 1)
    assert not desk.saved


def test_a_film_is_made_longer_where_its_frames_stay(desk):
    assert desk.preset.video.frames == 48  # 2 s: 10 s more
    undo, revision = desk.history.undo_words, desk.revision
    assert desk.lengthen()
    assert desk.preset.video.frames == 48 + 240 and desk.revision == revision + 1
    assert desk.history.undo_words == undo  # it is no change of its own
    assert desk.lengthen()
    assert desk.preset.video.frames == 2 * 288
    desk.set("motion.turn", "90*p")  # of the whole film
    assert not desk.lengthen()
    desk.set("motion.turn", [{"at": "0f", "value": 0}, {"at": "100%", "value": 9}])
    assert not desk.lengthen()
    desk.set("motion.turn", [{"at": "0f", "value": 0}, {"at": "9f", "value": 9}])
    assert desk.lengthen()
    desk.set("loop.kind", "endless")
    assert not desk.lengthen()
