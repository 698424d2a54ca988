"""The worker that really renders: pictures, report, and a film that is made longer."""

import io

import pytest
import torch
from PIL import Image as PilImage

from dreamvid.preset.load import check
from dreamvid.render.render import render_film
from dreamvid.studio.queue.renders import WORKER
from tests.support.small_film import packets
from tests.support.waiting import wait


@pytest.mark.slow
def test_film_is_rendered_shown_and_extended(open_queue, table, states, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    queue = open_queue(worker=WORKER)
    job = queue.add(table, "evening", frames=6)
    wait(lambda: states(queue)[job] == "done")
    picture = queue.picture(job)
    assert picture and queue.message().jobs[0].picture == f"/renders/{job}.jpg?frame=6"
    assert PilImage.open(io.BytesIO(picture.read_bytes())).size == (64, 36)
    (film,) = queue.films.list()
    assert film["frames"] == 6 and film["files"]["report"] == "report.html"

    assert queue.extend(job, 5) == []
    wait(lambda: states(queue)[job] == "done" and queue.films.list()[0]["frames"] == 11)
    (shown,) = queue.message().jobs
    assert (shown.frames, shown.count) == (11, 11)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = check(table | {"video": table["video"] | {"frames": 11}})
        render_film(whole, tmp_path / "whole", device=torch.device("cpu"))
    finally:
        torch.set_num_threads(before)
    one, other = tmp_path / "films" / job / "forward.mp4", tmp_path / "whole" / "forward.mp4"
    assert packets(one) == packets(other)
