"""Frames shown evenly in time, and the motion between them."""

import io
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.film.engine import Frame
from dreamvid.image import from_bytes
from dreamvid.studio.protocol import BETWEEN, FRAME
from dreamvid.studio.session.screen import RATE, Screen, Shown

GREY = torch.full((1, 3, 16, 16), 0.5)


class Recorded(Screen):
    def __init__(self):
        self.sent = []
        super().__init__(lambda picture: self.sent.append((time.monotonic(), picture)))


@pytest.fixture
def screen():
    screen = Recorded()
    yield screen
    screen.close()


def shown(index, **options):
    return Shown(Frame(index, GREY), 7, **options)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def kinds(screen, kind):
    return [(when, picture) for when, picture in screen.sent if picture.kind == kind]


def test_frames_that_are_ready_together_are_shown_apart(screen):
    for index in range(4):
        screen.add(shown(index, period=0.2, dreamed=False))
    wait_for(lambda: len(screen.sent) == 4)
    assert [picture.frame for _, picture in screen.sent] == [0, 1, 2, 3]
    times = [when for when, _ in screen.sent]
    assert times[-1] - times[0] > 0.55  # a late one is followed sooner, but not at once
    assert min(after - before for before, after in pairwise(times)) > 0.02


def test_a_dream_is_not_held_back_but_by_the_films_rate(screen):
    screen.add(shown(0, period=5.0, shortest=0.3))
    screen.add(shown(1, period=0.1, shortest=0.3))
    time.sleep(0.5)
    assert len(screen.sent) == 1  # it comes long before its time
    screen.stop()
    screen.add(shown(2, period=0.1, shortest=0.3))
    screen.add(shown(3))
    wait_for(lambda: len(screen.sent) == 4)
    assert screen.sent[3][0] - screen.sent[2][0] > 0.25


def test_a_change_is_not_held_back(screen):
    screen.add(shown(0, period=30.0, dreamed=False))
    screen.add(Shown(Frame(1, GREY), 8, period=30.0, dreamed=False))
    wait_for(lambda: len(screen.sent) == 2, seconds=10)


def test_motion_goes_on_between_two_frames(screen):
    shares = []

    def between(frame, share):
        shares.append(share)
        return GREY * share

    screen.add(shown(3, period=0.5, between=between))
    wait_for(lambda: shares and shares[-1] == 1)
    time.sleep(0.2)
    assert shares[-1] == 1 and shares.count(1) == 1  # a frame that is late is waited for
    assert shares == sorted(set(shares)) and len(shares) <= RATE / 2
    pictures = kinds(screen, BETWEEN)
    assert {picture.frame for _, picture in pictures} == {3} and len(pictures) == len(shares)
    brightness = PilImage.open(io.BytesIO(pictures[-1][1].jpeg)).getpixel((8, 8))
    assert brightness == pytest.approx((127, 127, 127), abs=3)
    screen.add(shown(4, period=0.02, between=between))  # faster than pictures are shown
    wait_for(lambda: len(kinds(screen, FRAME)) == 2)
    time.sleep(0.1)
    assert len(kinds(screen, BETWEEN)) == len(pictures)


@pytest.mark.parametrize("between", [None, lambda frame, share: None, lambda frame, share: 1 / 0])
def test_a_still_camera_shows_nothing_between(screen, between):
    screen.add(shown(0, period=0.3, between=between))
    time.sleep(0.4)
    assert len(screen.sent) == 1
    screen.add(shown(1))
    wait_for(lambda: len(screen.sent) == 2)


def test_a_pause_shows_the_frames_that_wait_at_once_and_nothing_more(screen):
    moving = lambda frame, share: GREY
    for index in range(3):
        screen.add(shown(index, period=2.0, dreamed=False, between=moving))
    wait_for(lambda: screen.sent)
    screen.stop()
    wait_for(lambda: len(kinds(screen, FRAME)) == 3, seconds=1)
    assert [picture.frame for _, picture in kinds(screen, FRAME)] == [0, 1, 2]  # none left out
    before = len(screen.sent)
    time.sleep(0.3)
    assert len(screen.sent) == before
    assert screen.waiting == 0


def test_frames_dreamed_anew_replace_those_that_wait(screen):
    for index in range(4):
        screen.add(shown(index, period=0.4, dreamed=False))
    screen.drop_from(2)
    screen.add(Shown(Frame(2, GREY), 8, period=0.1))
    wait_for(lambda: len(screen.sent) == 3)
    assert [(p.frame, p.revision) for _, p in screen.sent] == [(0, 7), (1, 7), (2, 8)]


def test_a_pictures_jpeg_is_near_its_frame(screen, texture):
    image = from_bytes(texture(72, 128))
    screen.show(Shown(Frame(-5, image), 1))
    wait_for(lambda: screen.sent)
    picture = screen.sent[0][1]
    assert picture.frame == -1  # of a loop's lead-in
    decoded = np.asarray(PilImage.open(io.BytesIO(picture.jpeg)))
    assert float((from_bytes(decoded.copy()) - image).abs().mean()) < 0.03


def test_a_fault_of_the_thread_is_raised_to_the_worker_instead_of_halting_it(screen, monkeypatch):
    def full(image):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("dreamvid.studio.session.screen.jpeg_of", full)
    screen.add(shown(0))
    screen._thread.join(5)
    with pytest.raises(RuntimeError, match="out of memory"):
        _ = screen.waiting


def test_a_server_that_is_gone_ends_the_thread():
    def send(picture):
        raise BrokenPipeError

    screen = Screen(send)
    screen.show(shown(0))
    screen._thread.join(5)
    assert not screen._thread.is_alive()
