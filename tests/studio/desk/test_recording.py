"""Recording, and which frames seen the preset renders: against frames of a simulated worker.

A frame here is the list of all its values of schedules, the frames before it included, as a
frame of a film depends on them all.
"""

from random import Random

import pytest

from dreamvid.errors import PresetError
from dreamvid.film.timeline import Timeline
from dreamvid.preset.load import check
from dreamvid.preset.schedules import schedules
from dreamvid.schedule.curve import value_at
from dreamvid.studio.desk.desk import Desk

LIVE = ("motion.zoom", "motion.turn", "dream.step_size", "colour.saturation")


def frame_values(preset, frame):
    """Values that a frame is dreamed with, by the engine's timeline."""
    film = Timeline(fps=preset.video.rate, frames=preset.video.count, seed=preset.seed)
    curves = dict(schedules(preset))
    return tuple(
        value_at(curves.get(key) or getattr(getattr(preset, group), name), film.moment(frame))
        for key in LIVE
        for group, name in [key.split(".")]
    )


class Worker:
    """Dreams with the table it was given last, one frame at a time."""

    def __init__(self, desk):
        self.desk, self.film = desk, []  # the frames seen
        self.waiting = None
        self.order()
        self.take()
        desk.shown(-1, self.revision)

    def order(self):
        self.waiting = (self.desk.table, self.desk.revision)

    def take(self):
        if self.waiting:
            table, self.revision = self.waiting
            self.preset, self.waiting = check(table), None

    def dream(self):
        frame = len(self.film)
        self.film.append(frame_values(self.preset, frame))
        if self.desk.shown(frame, self.revision):
            self.order()

    @property
    def seen_to(self):
        """Last frame that a render of the desk's preset gives as it was seen."""
        for frame, values in enumerate(self.film):
            if values != frame_values(self.desk.preset, frame):
                return frame - 1
        return len(self.film) - 1


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    desk.set("video.frames", 500)
    return desk


def test_recorded_changes_render_what_was_seen(desk):
    """Changes come at any moment, also while a frame is dreamed that they can reach no more."""
    worker, rng = Worker(desk), Random(1)
    desk.record(True)
    for _ in range(150):
        while rng.random() < 0.5:
            key = rng.choice(LIVE)
            desk.set(key, round(rng.uniform(0.5, 2), 2), len(worker.film))
            worker.order()
        if rng.random() < 0.7:  # else it began the frame before the changes came
            worker.take()
        worker.dream()
    worker.take()
    for _ in range(3):
        worker.dream()
    assert worker.seen_to == len(worker.film) - 1
    assert (desk.seen_from, desk.seen_to) == (0, len(worker.film) - 1)


def test_a_change_for_the_whole_film_is_not_what_was_seen(desk):
    worker = Worker(desk)
    for _ in range(5):
        worker.dream()
    assert desk.seen_from == 0
    desk.set("motion.zoom", 3)
    assert desk.seen_from is None
    desk.undo()
    assert desk.seen_from == 0
    desk.redo()
    worker.order()
    worker.take()
    worker.dream()
    assert (desk.seen_from, desk.seen_to) == (None, -1)


@pytest.mark.parametrize("key", ["title", "outputs.loop_fps", "video.crf", "video.frames"])
def test_what_changes_no_frame_leaves_all_seen(desk, key):
    worker = Worker(desk)
    worker.dream()
    desk.set(key, "new" if key == "title" else 30)
    assert desk.seen_from == 0


def test_the_length_matters_to_schedules_that_depend_on_it(desk):
    desk.set("motion.turn", "10*p")
    worker = Worker(desk)
    worker.dream()
    assert desk.seen_from == 0
    worker.dream()
    desk.set("video.frames", 30)
    assert (desk.seen_from, desk.seen_to) == (None, 0)


def test_a_restart_or_a_branch_makes_all_seen_again(desk):
    worker = Worker(desk)
    for _ in range(8):
        worker.dream()
    desk.set("motion.turn", [{"at": "4f", "value": 0}, {"at": "9f", "value": 9}])
    assert (desk.seen_from, desk.seen_to) == (None, 4)
    del worker.film[5:]  # back to frame 4
    worker.order()
    worker.take()
    worker.dream()
    assert (desk.seen_from, desk.seen_to) == (0, 5)
    desk.set("seed", 9)
    assert desk.seen_from is None
    Worker(desk)
    assert desk.seen_from == 0


def test_another_preview_size_is_not_what_was_seen(desk):
    worker = Worker(desk)
    worker.dream()
    desk.built(worker.revision, 500, 24.0, ("start.size=128x72",))
    worker.dream()
    assert desk.seen_from is None


def test_a_film_that_begins_earlier_makes_later_frames_void(desk):
    worker = Worker(desk)
    for _ in range(6):
        worker.dream()
    desk.set("motion.turn", [{"at": "3f", "value": 0}, {"at": "4f", "value": 5}])
    assert (desk.seen_from, desk.seen_to) == (None, 3)
    desk.built(desk.revision, 500, 24.0, since=4)  # the worker went back there
    assert (desk.seen_from, desk.seen_to) == (0, 3)


def test_frames_that_were_missed_count_as_unknown(desk):
    desk.shown(-1, desk.revision)
    desk.shown(0, desk.revision)
    desk.shown(2, desk.revision)
    assert (desk.seen_from, desk.seen_to) == (None, 0)


def test_recording_over_the_sound_keeps_what_was_seen(desk):
    desk.set("motion.turn", "10*bass")
    desk.shown(-1, desk.revision)
    for frame in range(5):
        desk.shown(frame, desk.revision)
    desk.record(True)
    desk.set("motion.turn", 3, 5)
    assert desk.seen_from == 0
    desk.set("motion.turn", 4, 3)
    assert (desk.seen_from, desk.seen_to) == (None, 2)


def test_a_drag_while_recording_is_one_entry_of_undo(tmp_path):
    now = [0.0]
    desk = Desk(tmp_path, clock=lambda: now[0])
    desk.record(True)
    for frame in range(10, 20):
        now[0] += 0.1
        desk.set("motion.zoom", frame / 10, frame)
    assert desk.history.undo_words == "record zoom"
    assert len(desk.lanes[0].keyframes or ()) == 11
    desk.undo()
    assert desk.values["motion.zoom"] == 1.8
    assert desk.history.undo_words is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("dream.look", "soft"), ("seed", 3), ("motion.zoom", [1]), ("motion.zoom", True)],
)
def test_only_what_changes_over_the_film_is_recorded(desk, key, value):
    desk.record(True)
    before = desk.values
    with pytest.raises(PresetError, match="stop recording") as caught:
        desk.set(key, value, 5)
    assert caught.value.option == key
    assert desk.values == before


def test_a_pair_is_recorded_as_one_change(tmp_path):
    desk = Desk(tmp_path)
    desk.set_all({"motion.centre": [0.5, 0.5]})
    desk.built(desk.revision, 48, 24)
    desk.record(True)
    desk.set("motion.centre", [0.2, 0.9], 5)
    recorded = [[(key.frame, key.value) for key in lane.keyframes or ()] for lane in desk.lanes]
    assert recorded == [[(0, 0.5), (5, 0.2)], [(0, 0.5), (5, 0.9)]]
    assert desk.shown(7, desk.revision)  # the worker had begun frame 5 before
    moved = [[(key.frame, key.value) for key in lane.keyframes or ()] for lane in desk.lanes]
    assert moved == [[(0, 0.5), (7, 0.2)], [(0, 0.5), (7, 0.9)]]
    with pytest.raises(PresetError, match="centre"):
        desk.set("motion.centre", [0.3, "?"], 9)
    desk.undo()
    assert desk.values["motion.centre"] == [0.5, 0.5]
