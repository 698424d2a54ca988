"""Dreams and films on a GPU. Skipped without one, unless DREAMVID_REQUIRE_CUDA is set."""

import pytest
import torch

from dreamvid.dream.cuda import gradient_graphs as graphs
from dreamvid.dream.cuda.step_graphs import _RecordedStep
from dreamvid.film.job import still
from dreamvid.image import to_bytes
from dreamvid.preset.load import with_settings
from dreamvid.render.render import render_film
from tests.support.reference import psnr
from tests.support.small_film import packets

pytestmark = pytest.mark.cuda
SETTINGS = ["video.frames=1", "dream.octaves=2", "dream.steps=2", "dream.pyramid=3"]


def test_dream_on_the_gpu_looks_like_one_on_the_cpu():
    image = torch.rand(1, 3, 90, 120, generator=torch.Generator().manual_seed(0))
    preset = with_settings(SETTINGS)
    one, two = (still(image, preset, torch.device(name)) for name in ("cpu", "cuda"))
    assert two.device.type == "cuda"
    assert psnr(to_bytes(one), to_bytes(two)) > 35


@pytest.mark.parametrize(
    "settings",
    [
        ("dream.classes=lion", "dream.mask=centre"),
        ("dream.objective=strongest", "dream.look=crisp"),
        ("dream.objective=diversity", "dream.tile=64", "dream.look=painterly"),
        ('dream.layers=[{name="head", objective="neuron", channels=[3]}]', "dream.look=soft"),
    ],
)
def test_dream_options_work_on_the_gpu(settings):
    image = torch.rand(1, 3, 90, 120, generator=torch.Generator().manual_seed(0))
    preset = with_settings([*SETTINGS, *settings])
    one, two = (still(image, preset, torch.device(name)) for name in ("cpu", "cuda"))
    assert psnr(to_bytes(one), to_bytes(two)) > 30


def test_resumed_film_on_the_gpu_is_as_long(small_preset, tmp_path):
    cuda = torch.device("cuda")
    whole = render_film(small_preset(), tmp_path / "whole", device=cuda)
    counts = iter(range(100))
    render_film(small_preset(), tmp_path / "stopped", device=cuda, stop=lambda: next(counts) == 5)
    resumed = render_film(small_preset(), tmp_path / "stopped", device=cuda)
    assert whole.finished and resumed.finished
    films = (packets(tmp_path / name / "forward.mp4") for name in ("whole", "stopped"))
    assert len({len(film) for film in films}) == 1


def test_film_on_the_gpu_records_its_steps(small_preset, tmp_path, monkeypatch):
    monkeypatch.setattr(graphs, "_GRAPHS", recorded := {})
    render_film(small_preset(), tmp_path, device=torch.device("cuda"))
    kinds = [type(one) for model in recorded.values() for one in model._recorded.values()]
    assert _RecordedStep in kinds
