"""Ending a film sooner than was asked for: the work so far is kept."""

import pytest
import torch

from dreamvid.errors import ResumeError
from dreamvid.render.render import render_film
from tests.support.small_film import packets

CPU = torch.device("cpu")


@pytest.fixture
def render(small_preset):
    def render(out, frames, *settings, stop=None):
        done = []
        stopped = (lambda: done.append(1) or len(done) >= stop) if stop else lambda: False
        preset = small_preset(f"video.frames={frames}", *settings)
        return render_film(preset, out, device=CPU, stop=stopped)

    return render


@pytest.mark.parametrize("stop", [4, 5, 6])  # a full segment, one begun, all of the shorter film
def test_shorter_film_goes_on_from_the_work_of_a_longer_one(render, small_preset, stop, tmp_path):
    render(tmp_path / "whole", 6)
    assert not render(tmp_path / "cut", 14, stop=stop).finished
    seen = []
    preset = small_preset("video.frames=6")
    outcome = render_film(preset, tmp_path / "cut", device=CPU, on_frame=seen.append)
    assert outcome.finished and len(seen) == 6 - stop
    for name in ("forward.mp4", "reverse.mp4"):
        assert packets(tmp_path / "cut" / name) == packets(tmp_path / "whole" / name)


def test_shorter_film_than_its_work_is_refused_and_the_work_kept(render, tmp_path):
    render(tmp_path / "whole", 7)
    assert not render(tmp_path / "cut", 14, stop=6).finished
    with pytest.raises(ResumeError, match=r"cut holds 6 of 14 frames, more than 5 \(--frames 6, "):
        render(tmp_path / "cut", 5)
    assert render(tmp_path / "cut", 7).finished
    assert packets(tmp_path / "cut/forward.mp4") == packets(tmp_path / "whole/forward.mp4")


def test_shorter_film_whose_schedules_depend_on_the_length_is_refused(render, tmp_path):
    zoom = 'motion.zoom="1 + p / 10"'
    assert not render(tmp_path, 14, zoom, stop=3).finished
    with pytest.raises(ResumeError, match=r"video.frames 14 -> 6"):
        render(tmp_path, 6, zoom)
