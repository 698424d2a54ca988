"""Scores that are taken in tiles where memory is short, and what happens when it runs out."""

import pytest
import torch

from dreamvid.cli import main
from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.objective import energy
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.dream.tiling import tile_size
from dreamvid.dream.tiling.tile_size import bytes_per_pixel
from dreamvid.dream.tiling.tiled_score import TiledScore, Tiling
from dreamvid.errors import PresetError
from dreamvid.film.score import make_scores
from dreamvid.image import to_bytes
from dreamvid.media.images.reading import load
from dreamvid.media.images.writing import save
from dreamvid.models.weights import store
from dreamvid.preset.load import with_settings
from tests.dream.tiling.test_tiled_gradient import CPU, TARGET, SmallNetwork, difference, draw_image


class Cramped:
    """Network that runs out of memory above so many pixels."""

    def __init__(self, most, error, inner=None):
        self.most, self.error, self.tried = most, error, []
        self.inner = inner or SmallNetwork()

    def __call__(self, image, layers):
        pixels = image.shape[-2] * image.shape[-1]
        self.tried.append(pixels)
        if pixels > self.most:
            raise self.error
        return self.inner(image, layers)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_out_of_memory_halves_the_tile_for_good(error):
    image = draw_image(300, 400)
    plain = SmallNetwork()
    expected, features = Score(plain, [Part("b", energy())]), Cramped(60_000, error, plain)
    score = TiledScore(Score(features, [Part("b", energy())]), Tiling("auto"))
    assert difference(score.gradient(image), expected.gradient(image)) < 1e-9
    assert max(features.tried) == 300 * 400
    features.tried.clear()
    assert difference(score.gradient(image), expected.gradient(image)) < 1e-9
    assert max(features.tried) <= 60_000


def test_error_is_raised_below_the_smallest_tile():
    features = Cramped(2000, ERRORS[0])
    score = TiledScore(Score(features, [Part("b", energy())]), Tiling(128))
    with pytest.raises(torch.OutOfMemoryError):
        score.gradient(draw_image(300, 400))


def test_untileable_layer_runs_out_as_it_would_without_tiles():
    score = Score(store.load("lite0", CPU), [Part("pool", energy())])
    image, tiling = draw_image(96, 200).float(), Tiling("auto")
    assert difference(TiledScore(score, tiling).gradient(image), score.gradient(image)) < 1e-4
    assert not tiling.smaller(score, image)


def test_other_errors_are_not_taken_for_lack_of_memory():
    features = Cramped(1000, RuntimeError("mat1 and mat2 must have the same dtype"))
    score = TiledScore(Score(features, [Part("b", energy())]), Tiling("auto"))
    with pytest.raises(RuntimeError, match="same dtype"):
        score.gradient(draw_image(300, 400))


@pytest.mark.parametrize("free", [10**9, 60 * 10**6, 30 * 10**6])
def test_auto_takes_tiles_that_fit_into_free_memory(free, monkeypatch):
    monkeypatch.setattr(tile_size, "free_memory", lambda device: free)
    monkeypatch.setattr(tile_size, "AMPLE", 10**6)
    features = Cramped(10**9, ERRORS[0])
    score = Score(features, [Part("b", energy())])
    image = draw_image(400, 500)
    needed = bytes_per_pixel(score, image)
    tiling = Tiling("auto")
    tiling.side(score, image)
    features.tried.clear()
    TiledScore(score, tiling).gradient(image)
    largest = max(features.tried)
    assert largest * needed <= tile_size.SHARE * free or largest == 400 * 500
    assert (largest == 400 * 500) == (400 * 500 * needed <= tile_size.SHARE * free)


def test_auto_costs_small_images_nothing(monkeypatch):
    monkeypatch.setattr(tile_size, "free_memory", lambda device: 10**9)
    features = Cramped(10**9, ERRORS[0])
    score = TiledScore(Score(features, [Part("b", energy())]), Tiling("auto"))
    score.gradient(draw_image(200, 300))
    assert features.tried == [200 * 300]


def test_balanced_is_the_same_in_tiles():
    image = draw_image(90, 120)
    score = Score(SmallNetwork(), [Part("a", energy()), Part("b", OBJECTIVES["style"](TARGET))])
    result = TiledScore(score, Tiling(64)).balanced(image).gradient(image, (0.0, 0.0))
    assert difference(result, score.balanced(image).gradient(image)) < 1e-9


def test_tile_on_the_command_line(tmp_path):
    save(draw_image(150, 220).float(), tmp_path / "in.png")
    layers = 'dream.layers=["block_3/expand", "block_5/expand"]'
    common = ["dream", str(tmp_path / "in.png"), "--set", layers, "--set", "dream.steps=1"]
    images = []
    for tile in ("96", "off", "auto"):
        out = tmp_path / f"{tile}.png"
        words = ["--set", "dream.octaves=2", "--set", f"dream.tile={tile}", "--out", str(out)]
        assert main([*common, *words]) == 0
        images.append(to_bytes(load(out, option="")).astype(int))
    assert abs(images[0] - images[1]).max() <= 1 and abs(images[2] - images[1]).max() <= 1


@pytest.mark.parametrize("value", ["63", "16385", "true", "big", "96.5"])
def test_tile_of_a_bad_value_is_refused(value):
    with pytest.raises(PresetError, match=r'dream.tile: .*"auto", "off", or a side of 64'):
        with_settings(["video.frames=1", f"dream.tile={value}"])


def test_tile_of_an_untileable_layer_is_refused_before_the_work():
    options = with_settings(["video.frames=1", "dream.tile=128", "dream.layers=classes"]).dream
    with pytest.raises(PresetError, match=r"^dream.tile: classes looks at the whole picture"):
        make_scores(options, store.load("lite0", CPU), CPU)
