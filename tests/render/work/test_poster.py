"""The poster: which frame it is, in its full quality, and kept over a stop."""

import json

import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.errors import PresetError, ResumeError
from dreamvid.film.engine import Frame
from dreamvid.image import from_bytes
from dreamvid.inspect.richness import colourfulness, richness
from dreamvid.render.render import render_film
from dreamvid.render.work import checkpoint
from dreamvid.render.work.checkpoint import Checkpoint
from dreamvid.render.work.poster import Poster, make_chooser

CPU = torch.device("cpu")


@pytest.fixture
def rich(texture):
    frame = texture(36, 64).astype(float)
    return np.clip(125 + (frame - frame.mean((0, 1))) * 45 / frame.std(), 0, 245).astype(np.uint8)


def chosen(preset, pictures, first=0):
    choose, poster = make_chooser(preset), None
    for index, pixels in enumerate(pictures, first):
        poster = choose(poster, Frame(index, from_bytes(pixels)))
    return poster


def test_rich_frame_is_better_than_a_burnt_grey_pale_or_dark_one(rich):
    burnt, grey = rich.copy(), np.repeat(rich.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    burnt[:12, :20] = 255
    pale = (0.3 * rich + 90).astype(np.uint8)
    others = [richness(frame) for frame in (burnt, grey, pale, rich // 4)]
    assert max(others) < 0.8 * richness(rich) and min(others) >= 0


def test_colourfulness_is_the_papers(rich):
    red, green, blue = rich.astype(np.float64).transpose(2, 0, 1)
    one, two = red - green, (red + green) / 2 - blue
    deviation = np.sqrt(one.var() + two.var())
    mean = np.sqrt(one.mean() ** 2 + two.mean() ** 2)
    assert colourfulness(rich) == pytest.approx(deviation + 0.3 * mean, rel=1e-4)


def test_best_frame_is_the_first_of_the_highest_score(small_preset, rich):
    pale = (0.3 * rich + 90).astype(np.uint8)
    slow, fast = small_preset(), small_preset("video.fps=24")  # of which one in four is scored
    poster = chosen(slow, [pale, pale, rich, rich, pale])
    assert poster and poster.frame == 2 and np.array_equal(poster.pixels, rich)
    poster = chosen(fast, [pale, pale, rich, pale, rich])
    assert poster and poster.frame == 4
    assert chosen(slow, [rich, pale], first=-2) is None  # before the film


def test_last_and_a_moment(small_preset, rich):
    frames = [rich // (n + 1) for n in range(10)]
    assert chosen(small_preset("outputs.poster=last"), frames) is None
    for moment, number in (("3f", 3), ("1.5s", 6), ("2", 8)):
        poster = chosen(small_preset(f"outputs.poster={moment}"), frames)
        assert poster and poster.frame == number and np.array_equal(poster.pixels, frames[number])


def test_moment_past_the_end_is_told_before_any_work(small_preset, tmp_path):
    with pytest.raises(PresetError, match=r"outputs.poster: 3s is past.*last frame is 9f"):
        render_film(small_preset("outputs.poster=3s"), tmp_path / "a", device=CPU)
    assert not (tmp_path / "a").exists()
    with pytest.raises(PresetError, match=r'outputs\.poster.*"best", "last", or a moment'):
        small_preset("outputs.poster=prettiest")


def test_candidate_is_in_the_checkpoint(rich, tmp_path):
    poster = Poster(2, 0.1 + 0.2, rich[::-1].copy())
    checkpoint.save(Checkpoint(Frame(3, from_bytes(rich)), poster=poster), tmp_path / "c")
    kept = checkpoint.load(tmp_path / "c", CPU).poster
    assert kept and (kept.frame, kept.score) == (2, poster.score)
    assert np.array_equal(kept.pixels, poster.pixels)
    data = bytearray((tmp_path / "c").read_bytes())
    data[data.find(poster.pixels.tobytes()) + 5] ^= 1
    (tmp_path / "c").write_bytes(data)
    with pytest.raises(ResumeError):
        checkpoint.load(tmp_path / "c", CPU)


def test_poster_of_a_stopped_film_is_its_float_frame(small_preset, tmp_path):
    """Stopped after the poster's frame, of which a still is kept as well."""
    preset = small_preset("outputs.poster=2f", "outputs.stills=[2]", "outputs.loop=false")
    stops = iter([False] * 4 + [True])
    render_film(preset, tmp_path, device=CPU, stop=lambda: next(stops))
    assert render_film(preset, tmp_path, device=CPU).finished
    assert json.loads((tmp_path / "run.json").read_text())["poster_frame"] == 2
    shown, still = (
        np.asarray(PilImage.open(tmp_path / name)) for name in ("poster.png", "stills/000002.png")
    )
    assert np.array_equal(shown, still)
