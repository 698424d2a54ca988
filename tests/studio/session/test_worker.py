"""Worker: orders in, pictures out, in a thread of the test's own."""

import io
import time

import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.errors import DreamvidError
from dreamvid.image import from_bytes
from dreamvid.studio.protocol import FRAME, PAST
from dreamvid.studio.session.messages import (
    Built,
    Film,
    GiveWay,
    Go,
    NotBuilt,
    Picture,
    Position,
    SeekTo,
    Trouble,
)
from tests.studio.session.ours import Ours

WIDTH = 64


@pytest.fixture
def ours():
    ours = Ours()
    yield ours
    ours.pipe.close()
    ours.thread.join(20)
    assert not ours.thread.is_alive()  # it ends with the pipe


@pytest.fixture
def slow(monkeypatch):
    """Dreams that take a tenth of a second and do little."""

    def dream(image, score, ascent, *, rng, mask=None):
        time.sleep(0.1)
        return (image + 0.01 * ascent.step_size * torch.rand(image.shape, generator=rng)).clamp(
            0, 1
        )

    monkeypatch.setattr("dreamvid.film.parts.dream", dream)


def shows(frame):
    return lambda picture: picture.kind == FRAME and picture.frame == frame


def test_a_film_is_played_to_its_end(ours, table, rendered, slow):
    film = table("motion.zoom=1.3")
    ours.order(Film(film, 5, WIDTH, restart=True), Go("play"))
    built = ours.until(Built)
    assert (built.revision, built.width, built.height, built.frames) == (5, 48, 32, 10)
    assert built.again and not built.auto and built.since == 0
    ours.until(Position, lambda position: not position.playing and position.frame == 9)
    frames = ours.pictures()
    assert [picture.frame for picture in frames] == [-1, *range(10)]
    assert {picture.revision for picture in frames} == {5}
    final = rendered(film)
    for picture, frame in zip(frames[1:], final, strict=True):
        pixels = np.asarray(PilImage.open(io.BytesIO(picture.jpeg))).copy()
        assert float((from_bytes(pixels) - frame.image).abs().mean()) < 0.04
    assert ours.pictures(1)  # between them
    last = ours.reports[-1]
    assert (last.first, last.last, last.next) == (0, 9, 10)
    ours.order(Go("play"))  # begins again
    ours.until(Picture, shows(-1))
    ours.until(Picture, shows(1))


def test_a_change_is_dreamed_from_the_frame_that_was_said(ours, table, rendered, slow):
    first = table("motion.zoom=1.3")
    ours.order(Film(first, 1, WIDTH, restart=True), Go("play"))
    at = ours.until(Position, lambda position: position.next == 3).next
    keys = [
        {"at": "0f", "value": 1.3, "ease": "hold"},
        {"at": f"{at}f", "value": 2.5, "ease": "hold"},
    ]
    changed = table("motion.zoom=1.3")
    changed["motion"]["zoom"] = keys
    ours.order(Film(changed, 2, WIDTH, at=at))
    assert ours.until(Built, lambda built: built.revision == 2).since == 3
    ours.until(Position, lambda position: not position.playing and position.frame == 9)
    keys.append({"at": "5f", "value": 0.5})
    ours.order(Film(changed, 3, WIDTH, at=5))  # too late: frames from 5 on are dreamed again
    assert ours.until(Built, lambda built: built.revision == 3).since == 5
    ours.order(Go("play"))
    ours.until(Picture, lambda picture: (picture.frame, picture.revision) == (9, 3))
    final, ring = rendered(changed), ours.worker.player.ring
    for frame in final:
        assert torch.equal(ring.get(frame.index).image, frame.image)
    seen = {picture.frame: picture.revision for picture in ours.pictures()}
    assert [seen[frame] for frame in range(10)] == [1, 1, 1, 2, 2, 3, 3, 3, 3, 3]


def test_the_newest_of_many_changes_is_dreamed(ours, table, slow):
    ours.order(Film(table(), 1, WIDTH, restart=True), Go("play"))
    ours.until(Picture, shows(1))
    for number in range(2, 42):
        ours.order(Film(table(f"motion.zoom=1.{number}"), number, WIDTH))
    ours.until(Built, lambda built: built.revision == 41)
    assert len([one for one in ours.reports if isinstance(one, Built)]) < 12


def test_a_bad_change_is_refused_and_the_film_goes_on(ours, table, slow):
    ours.order(Film(table(), 1, WIDTH, restart=True), Go("play"))
    ours.until(Picture, shows(1))
    ours.order(Film(table("dream.layers=no_such"), 2, WIDTH))
    told = ours.until(NotBuilt)
    assert told.revision == 2 and "no_such" in told.message and "\n" not in told.message
    assert ours.until(Picture, shows(5)).revision == 1


def test_seek_shows_the_past_and_play_branches(ours, table, slow):
    ours.order(Film(table(), 1, WIDTH, restart=True), Go("play"))
    ours.until(Picture, shows(6))
    ours.order(SeekTo(2))
    assert ours.until(Picture, lambda picture: picture.kind == PAST).frame == 2
    position = ours.until(Position, lambda position: position.frame == 2)
    assert not position.playing and position.last >= 6 and position.next == 3
    ours.order(Go("step"))
    ours.until(Picture, shows(3))
    assert ours.until(Position, lambda position: position.last == 3).frame in (2, 3)
    ours.order(SeekTo(7))
    assert "frame 7" in ours.until(Trouble).message


def test_a_frame_that_cannot_be_dreamed_pauses(ours, table, monkeypatch):
    gone = True

    def dream(image, *args, **options):
        if gone:
            raise DreamvidError("the clip is gone")
        return image + 1e-3

    monkeypatch.setattr("dreamvid.film.parts.dream", dream)
    ours.order(Film(table(), 1, WIDTH, restart=True))
    ours.order(Go("play"))
    assert ours.until(Trouble).message == "the clip is gone"
    assert not ours.until(Position).playing
    gone = False
    ours.order(Go("play"))
    ours.until(Picture, shows(1))


def test_it_rests_while_a_render_runs(ours, table, slow):
    ours.order(Film(table(), 1, WIDTH, restart=True), GiveWay(True), Go("play"))
    ours.until(Picture, shows(0))
    begun = time.monotonic()
    ours.until(Picture, shows(5))
    assert time.monotonic() - begun > 5 * 0.2 * 0.8
    assert ours.worker.pace.dreamed < 5.5


def test_a_film_is_never_faster_than_its_rate(ours, table, monkeypatch):
    monkeypatch.setattr("dreamvid.film.parts.dream", lambda image, *args, **options: image + 1e-3)
    film = table("video.fps=20", "video.frames=20", "dream.every=2", "motion.zoom=1.2")
    ours.order(Film(film, 1, WIDTH, restart=True), Go("play"))
    ours.until(Picture, shows(0))
    begun = time.monotonic()
    ours.until(Picture, shows(19))
    # The first picture may be taken late; without a rate twenty come in a tenth of the time.
    assert time.monotonic() - begun > 19 / 20 * 0.6


def test_the_preview_is_chosen_once_and_early(ours, table, slow):
    """A dream of a tenth of a second at the first size has room for a larger one."""
    film = table("start.size=960x640", "video.frames=12")
    ours.order(Film(film, 1, None, restart=True), Go("play"))
    first = ours.until(Built)
    assert first.auto and first.width == 192
    ours.until(Position, lambda position: not position.playing and position.frame == 11)
    sizes = [one.width for one in ours.reports if isinstance(one, Built)]
    assert len(sizes) == 2 and sizes[1] > 192
    frames = [picture.frame for picture in ours.pictures()]
    assert frames[frames.index(-1, 1) :] == [-1, *range(12)] and frames.index(-1, 1) <= 4
    ours.order(Film(film, 2, None, restart=True))  # known now
    assert ours.until(Built).width in (256, 320, 384)
