"""Every field of `Ascent` in each implementation of the step: in memory, recorded, on disk."""

from dataclasses import dataclass, fields, replace

import pytest
import torch
from torch.testing import assert_close

from dreamvid.dream import settings
from dreamvid.dream.cuda import gradient_graphs as graphs
from dreamvid.dream.cuda.gradient_graphs import GraphedScore
from dreamvid.dream.cuda.step_graphs import replay_steps
from dreamvid.dream.objectives.objective import energy
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.dream.regularise import PULLS
from dreamvid.dream.settings import Ascent
from dreamvid.dream.shaping import SHAPERS, Shaper
from dreamvid.dream.step import dream, steps_of
from dreamvid.dream.tiling import bands
from dreamvid.dream.tiling.out_of_core import dream_on_disk
from dreamvid.dream.tiling.out_of_core_step import Scratch
from dreamvid.errors import PresetError

BASE = Ascent(octaves=2, steps=3, jitter=9, step_size=4.0)
NAMES = [field.name for field in fields(Ascent)]
WHOLE_IMAGE = {"frequency"}  # the only fields that a dream on disk refuses


@dataclass(frozen=True, kw_only=True)
class Extended(Ascent):
    """Settings with a field that no implementation of the step knows."""

    extra: float = 0.0


def changed(name: str) -> Ascent:
    value = getattr(BASE, name)
    if isinstance(value, str):
        return replace(BASE, **{name: "adam"})
    return replace(BASE, **{name: value + (1 if isinstance(value, int) else 0.5)})


@pytest.fixture
def score():
    """A network without a kink, so that rounding does not grow; each test has its own."""
    kernel = torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(3)) / 9

    def features(image, layers):
        return {"a": torch.tanh(torch.conv2d(2 * image - 1, kernel, stride=2, padding=2))}

    return GraphedScore(features, [Part("a", energy())])


@pytest.fixture
def image():
    return torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(1))


def rng():
    return torch.Generator().manual_seed(5)


@pytest.fixture
def in_memory(monkeypatch):
    """Dream by `ascend`, nothing recorded."""

    def dream_in_memory(image, score, ascent):
        with monkeypatch.context() as patch:
            patch.setattr(graphs, "DEVICE", "nowhere")
            return dream(image, score, ascent, rng=rng())

    return dream_in_memory


def on_disk(image, score, ascent, folder):
    scratch = Scratch(folder, torch.device("cpu"), tile=48)
    file = scratch.new((image.shape[-2], image.shape[-1]))
    file.write(0, 0, image)
    return dream_on_disk(file, score, ascent, scratch, rng=rng())(0, image.shape[-2])


@pytest.mark.parametrize("name", NAMES)
def test_recorded_steps_follow_a_field_that_changes_at_frame_5(
    name, score, image, replayed, in_memory
):
    expected = image
    for frame in range(9):
        ascent = changed(name) if frame >= 5 else BASE
        expected = in_memory(image, score, ascent)
        assert_close(dream(image, score, ascent, rng=rng()), expected, atol=1e-5, rtol=0)
    assert replayed
    assert (expected - in_memory(image, score, BASE)).abs().max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_dream_on_disk_follows_each_field_or_refuses_it(name, score, image, tmp_path, monkeypatch):
    monkeypatch.setattr(bands, "BAND", 800)
    plain = Score(score.features, score.parts)
    if name in WHOLE_IMAGE:
        with pytest.raises(PresetError, match=rf"^dream.{name}: .*\(0, a smaller --size"):
            on_disk(image, plain, changed(name), tmp_path)
        return
    result = on_disk(image, plain, changed(name), tmp_path)
    assert_close(result, dream(image, plain, changed(name), rng=rng()), atol=2e-5, rtol=0)


def test_recorded_steps_leave_an_unknown_field_to_ascend(score, image, replayed):
    for extra in (0.0, 0.5):
        steps = steps_of(Extended(steps=2, jitter=9, extra=extra), 0)
        for _ in range(4):
            result = replay_steps(image, score, steps, rng())
            assert (result is None) == bool(extra)


def test_dream_on_disk_refuses_an_unknown_field(score, image, tmp_path):
    on_disk(image, score, Extended(octaves=1, steps=1), tmp_path)
    refused = Extended(octaves=1, steps=1, extra=0.5)
    with pytest.raises(PresetError, match=r"^dream.extra: is not known to .*\(0.0, a smaller"):
        on_disk(image, score, refused, tmp_path)


def test_shaper_is_one_entry_for_every_implementation(
    score, image, tmp_path, replayed, in_memory, monkeypatch
):
    monkeypatch.setitem(SHAPERS, "extra", Shaper(lambda way, share: way.flip(1), blends=True))
    monkeypatch.setattr(bands, "BAND", 800)
    ascent, expected = Extended(), image
    for frame in range(9):
        ascent = Extended(octaves=2, steps=2, jitter=9, extra=0.4 if frame >= 5 else 0.0)
        expected = in_memory(image, score, ascent)
        assert_close(dream(image, score, ascent, rng=rng()), expected, atol=1e-5, rtol=0)
    assert_close(on_disk(image, score, ascent, tmp_path), expected, atol=2e-5, rtol=0)
    without = in_memory(image, score, replace(ascent, extra=0.0))
    assert (expected - without).abs().max() > 1e-3
    assert len(graphs._GRAPHS[score.features]._recorded) == 2 * 2  # kinds of two octaves


def test_every_shaper_and_pull_has_its_field():
    assert {*SHAPERS, *PULLS, *settings.AROUND_STEPS} <= set(NAMES)
