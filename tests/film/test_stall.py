"""Stall detection, and the stalls that have an explanation."""

import pytest
import torch

from dreamvid.dream.objectives.score import Score
from dreamvid.errors import DreamvidError
from dreamvid.film.stall import PATIENCE
from dreamvid.preset.load import load_preset
from dreamvid.render.render import render_film
from tests.support.small_film import SMALL

CPU = torch.device("cpu")


@pytest.fixture
def render(small_preset):
    """(folder, frames, settings) -> the numbers of the frames that were rendered."""

    def render(out, frames, *settings):
        twice = ("dream.octaves=2", "outputs.loop=false")  # two gradients a frame
        preset, seen = small_preset(*twice, f"video.frames={frames}", *settings), []
        render_film(preset, out, device=CPU, on_frame=lambda p: seen.append(p.frame.index))
        return seen

    return render


@pytest.fixture
def dead(monkeypatch):
    """Zero the gradient, except in the frames that are named."""
    gradient, calls, alive = Score.gradient, [], set()

    def flat(self, image, shift):
        calls.append(1)
        return gradient(self, image, shift) * (1.0 if (len(calls) - 1) // 2 in alive else 0.0)

    monkeypatch.setattr(Score, "gradient", flat)
    return alive


def test_stalled_dream_stops_naming_its_layer_and_keeps_frames(render, dead, tmp_path):
    dead |= {0, 1, 2}
    with pytest.raises(DreamvidError) as error:
        render(tmp_path, 20)
    words = str(error.value)
    assert f"frame {2 + PATIENCE}: the dream changes nothing since frame 3" in words
    assert "gradient of block_5/expand is zero" in words and "is kept" in words
    assert "\n" not in words
    dead.update(range(99))
    assert render(tmp_path, 20)[0] == 2 + PATIENCE


def test_stall_shorter_than_patience_goes_on(render, dead, tmp_path):
    dead |= {n for n in range(20) if n % PATIENCE == PATIENCE - 1}
    assert render(tmp_path, 20) == [*range(20)]


def test_stall_counts_dreamed_frames_only(render, dead, tmp_path):
    assert render(tmp_path, 12, "dream.every=2") == [*range(12)]


@pytest.mark.parametrize(
    "settings",
    [
        ("dream.step_size=where(t < 9, 0, 2)",),
        ("dream.steps=where(t < 9, 0, 1)",),
        ("dream.step_size=0.001",),
        ('dream.layers=[{name="block_5/expand", weight="where(t < 9, 0, 1)"}]',),
        ("dream.tour=1", 'dream.layers=["block_5/expand", "stem"]'),
    ],
)
def test_stall_asked_for_by_the_preset_is_ignored(render, settings, dead, tmp_path):
    assert len(render(tmp_path, PATIENCE + 2, *settings)) == PATIENCE + 2


def test_stall_is_reset_by_regularisers(render, dead, tmp_path):
    assert len(render(tmp_path, PATIENCE + 2, "dream.total_variation=0.5")) == PATIENCE + 2


def test_stall_of_a_black_start_does_not_occur(render, tmp_path):
    from PIL import Image

    path = tmp_path / "black.png"
    Image.new("RGB", (64, 36)).save(path)
    out = tmp_path / "out"
    settings = ("start.kind=image", f"start.path={path}", "motion.zoom=1")
    assert len(render(out, PATIENCE + 2, *settings)) == PATIENCE + 2


def test_stall_ignores_black_footage_and_black_masks(dead, tmp_path):
    import av
    import numpy as np

    black = tmp_path / "black.mp4"
    with av.open(str(black), "w") as film:
        stream = film.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(PATIENCE + 2):
            picture = av.VideoFrame.from_ndarray(np.zeros((36, 64, 3), np.uint8), format="rgb24")
            film.mux(stream.encode(picture))
        film.mux(stream.encode())
    table = tmp_path / "footage.toml"
    table.write_text("[start]\nkind = 'video'\n")
    footage = [*SMALL, f"video.frames={PATIENCE + 2}", f"start.path={black}"]
    outcome = render_film(load_preset(str(table), footage), tmp_path / "a", device=CPU)
    assert outcome.count == PATIENCE + 2


def test_stall_ignores_a_mask_that_is_black_for_a_while(render, tmp_path):
    from PIL import Image

    masks = tmp_path / "masks"
    masks.mkdir()
    for n in range(PATIENCE + 4):
        Image.new("L", (64, 36), 255 if n > PATIENCE + 1 else 0).save(masks / f"{n:03d}.png")
    out = tmp_path / "out"
    assert len(render(out, PATIENCE + 4, f"dream.mask={masks}")) == PATIENCE + 4
