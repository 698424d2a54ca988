"""Recorded steps as a film has them: `dream.tile` is auto, so each score is a `TiledScore`."""

from itertools import pairwise
from weakref import WeakKeyDictionary

import torch
from torch.testing import assert_close

from dreamvid.dream.cuda import gradient_graphs as graphs
from dreamvid.dream.cuda.gradient_graphs import GraphedScore
from dreamvid.dream.cuda.step_graphs import _RecordedStep, replay_steps
from dreamvid.dream.objectives.objective import energy
from dreamvid.dream.objectives.score import Part
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import dream, steps_of
from dreamvid.dream.tiling.tiled_score import TiledScore, Tiling
from dreamvid.film.engine import render_frames
from dreamvid.film.job import build
from dreamvid.film.score import make_scores
from dreamvid.film.timeline import still_timeline
from dreamvid.models.weights import store
from dreamvid.preset.load import load_preset, with_settings
from tests.dream.cuda.test_gradient_graphs import tiny
from tests.dream.tiling.test_tiled_gradient import SmallNetwork
from tests.dream.tiling.test_tiled_score import Cramped

CPU = torch.device("cpu")
ASCENT = Ascent(octaves=1, steps=3, jitter=9, step_size=2.0)
QUICK = ("start.size=64x48", "dream.octaves=2", "dream.steps=2", "video.frames=5")


def rng():
    return torch.Generator().manual_seed(5)


def noise(height, width):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def kinds(features):
    recorded = graphs._GRAPHS[features]._recorded.values() if features in graphs._GRAPHS else ()
    return [type(recording) for recording in recorded]


def test_presets_score_is_recorded(replayed):
    features = store.load("lite0", CPU)
    preset = with_settings(["video.frames=1", "dream.layers=block_3/expand"])
    image, moment = noise(64, 80), still_timeline(preset).moment(0)
    score_at = make_scores(preset.dream, features, CPU)
    for _ in range(3):
        score = score_at(moment, image)
        assert isinstance(score, TiledScore)
        assert replay_steps(image, score, steps_of(ASCENT, 0), rng()) is not None
    assert _RecordedStep in kinds(features)


def test_film_records_its_steps_and_each_frame_is_as_without(replayed, monkeypatch):
    monkeypatch.setattr(graphs, "_GRAPHS", WeakKeyDictionary())
    job = build(load_preset("quickstart", [*QUICK, "dream.layers=block_3/expand"]), CPU)
    with job.steps({}) as step:
        frames = [job.start, *render_frames(job.start, step, count=5)]
        (features,) = graphs._GRAPHS
        assert replayed and kinds(features).count(_RecordedStep) == 2  # octaves
        monkeypatch.setattr(graphs, "DEVICE", "nowhere")
        for before, after in pairwise(frames):  # over several frames rounding grows
            difference = (step(before).image - after.image).abs().mean()
            assert difference < 0.01 * (after.image - before.image).abs().mean()


def test_tiled_image_is_not_recorded(replayed):
    score = TiledScore(GraphedScore(SmallNetwork32(), [Part("b", energy())]), Tiling(64))
    steps = steps_of(ASCENT, 0)
    assert replay_steps(noise(100, 150), score, steps, rng()) is None
    assert replay_steps(noise(40, 64), score, steps, rng()) is not None


def test_recorded_octave_out_of_memory_goes_on_in_tiles(replayed):
    image = noise(200, 300)
    network = SmallNetwork32()
    expected = dream(image, GraphedScore(network, [Part("b", energy())]), ASCENT, rng=rng())
    features = Cramped(40_000, torch.OutOfMemoryError("CUDA out of memory."), network)
    score = TiledScore(GraphedScore(features, [Part("b", energy())]), Tiling("auto"))
    for _ in range(4):
        assert_close(dream(image, score, ASCENT, rng=rng()), expected, atol=1e-5, rtol=0)


def test_cpu_measures_no_tile_size():
    tiling = Tiling("auto")
    score = TiledScore(GraphedScore(tiny(), [Part("first", energy())]), tiling)
    assert replay_steps(noise(24, 32), score, steps_of(ASCENT, 0), rng()) is None
    assert not tiling.sides


class SmallNetwork32(SmallNetwork):
    """Network in float32, as the images are."""

    def __init__(self):
        super().__init__()
        self.first, self.second = self.first.float(), self.second.float()
