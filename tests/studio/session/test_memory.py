"""Memory of a film that is played, and changed, for long."""

import time

import pytest

from dreamvid.studio.session.messages import Film, Go, Picture
from dreamvid.system.memory import resident
from tests.studio.session.ours import Ours

SECONDS = 50
GROWTH = 12e6  # bytes: of the frames alone, 15,000,000 without a bound


@pytest.mark.slow  # memory that leaks by the frame is only seen after many
def test_memory_stays_while_a_film_is_played_and_changed(table, monkeypatch):
    monkeypatch.setattr("dreamvid.studio.session.player.BYTES", 2_000_000)
    monkeypatch.setattr("dreamvid.film.parts.dream", lambda image, *args, **options: image * 0.999)
    ours = Ours()
    settings = ("start.size=64x32", "video.fps=60", "video.frames=1000000")
    ours.order(Film(table(*settings), 1, 64, restart=True), Go("play"))
    ours.until(Picture, lambda picture: picture.frame > 100)
    before, begun, number = resident(), time.monotonic(), 1
    while time.monotonic() - begun < SECONDS:
        number += 1
        film = table(*settings, f"motion.zoom={1 + number % 7 / 50}", f"dream.jitter={number % 9}")
        ours.order(Film(film, number, 64))
        ours.until(Picture, lambda picture, number=number: picture.revision == number)
        ours.reports.clear()
    last = ours.worker.player.next
    after = resident()
    ours.pipe.close()
    ours.thread.join(20)
    assert before and after and last > 600
    assert after - before < GROWTH
